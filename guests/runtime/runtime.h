/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime of Bulkhead's own guests: from the boot protocol's entry to guest_main() in 64-bit
 * mode with tables, exceptions, console, memory, local APIC and clock in place.
 */
#ifndef GUESTS_RUNTIME_RUNTIME_H
#define GUESTS_RUNTIME_RUNTIME_H

/*
 * The guest itself: boot processor, interrupts off, CPU 0 alone running. When it returns the VM
 * is switched off.
 */
void guest_main(void);

#endif
