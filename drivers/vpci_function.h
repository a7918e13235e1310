/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One function that was handed over, seen through the filter. For vpci.c only.
 */
#ifndef DRIVERS_VPCI_FUNCTION_H
#define DRIVERS_VPCI_FUNCTION_H

#include "drivers/vpci.h"

/* PCI Local Bus Specification 3.0, "Configuration Space Header", and capability ids. */
#define PCI_STATUS_CAPABILITIES  BIT(20) /* in the dword of the command register */
#define PCI_COMMAND_INTX_DISABLE BIT(10)
#define PCI_BAR0                 0x10
#define PCI_BAR_IO               0x1
#define PCI_BAR_TYPE             0x6
#define PCI_BAR_TYPE_64          0x4
#define PCI_CAPABILITIES         0x34
#define PCI_CAP_ID_PM            0x01
#define PCI_CAP_ID_MSI           0x05
#define PCI_CAP_ID_VENDOR        0x09
#define PCI_CAP_ID_EXPRESS       0x10
#define PCI_MSI_ENABLE           BIT(16) /* in the dword with id and next pointer */
#define PCI_MSI_64BIT            BIT(23)

/* Fills bars[], capabilities and reset state from the backend. */
enum vpci_error vpci_function_probe(struct vpci_function *function);

void vpci_function_reset(struct vpci_function *function);

/* reg: offset of a dword, below 256. multifunction: what header type bit 7 is to say. */
uint32_t vpci_function_read(struct vpci_function *function, unsigned reg, bool multifunction);

/* Only the bits in `bytes` (whole bytes) are written. */
void vpci_function_write(struct vpci_function *function, unsigned reg, uint32_t value,
                         uint32_t bytes);

#endif
