/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the base address registers of a function decode: PCI Local Bus Specification 3.0, "Base
 * Addresses". For the loader, before it decides about a function; the caller makes sure that
 * nobody uses configuration space or the device meanwhile.
 */
#ifndef DRIVERS_PCI_BARS_H
#define DRIVERS_PCI_BARS_H

#include "drivers/pci.h"
#include "kernel/vm_plan.h"

/*
 * Fills all bars[VM_PCI_BARS] of a function with header layout 0. With `sizes`, memory and I/O
 * decoding and bus mastering are off while the registers are sized, and as before afterwards;
 * without, nothing is written and every BAR with an address has size 1.
 */
void pci_read_bars(const struct pci_access *access, struct pci_address at, bool sizes,
                   struct vm_pci_bar *bars);

#endif
