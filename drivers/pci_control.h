/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Bulkhead does to a PCI function on its own: silence it, reset it, program its MSI. By the
 * PCI Local Bus Specification 3.0, the PCI Express Base Specification and the "Advanced
 * Capabilities for Conventional PCI" ECN. The caller makes sure that nobody else uses configuration
 * space meanwhile.
 */
#ifndef DRIVERS_PCI_CONTROL_H
#define DRIVERS_PCI_CONTROL_H

#include "drivers/pci.h"

#define PCI_COMMAND_NO_INTX BIT(10) /* Interrupt Disable */

/* Offset of the first capability with this id; 0: none. A broken list ends somewhere. */
uint8_t pci_find_capability(const struct pci_access *access, struct pci_address at, uint8_t id);

/*
 * The function does nothing by itself any more: no DMA, no INTx, no MSI or MSI-X. False when it
 * keeps its bus-master bit. Not for bridges, which forward DMA only while theirs is on.
 */
bool pci_silence(const struct pci_access *access, struct pci_address at);

enum pci_reset { PCI_RESET_NONE, PCI_RESET_FUNCTION, PCI_RESET_POWER };

/*
 * Resets a silenced function in the way that it offers: function-level reset (PCI Express or AF
 * capability), else D3hot to D0 where that resets, else not at all. Its header and the device
 * control of PCI Express are as before, it is in D0, still silenced, and decodes nothing. Takes up
 * to about 1.2 s in calls of wait_us(microseconds).
 */
enum pci_reset pci_reset_function(const struct pci_access *access, struct pci_address at,
                                  void (*wait_us)(uint64_t us));

/* One message; the per-vector mask, if any, is opened. No MSI capability: nothing happens. */
void pci_write_msi(const struct pci_access *access, struct pci_address at, uint32_t address,
                   uint16_t data, bool enable);

#endif
