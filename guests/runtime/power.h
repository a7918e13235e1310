/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a guest.
 */
#ifndef GUESTS_RUNTIME_POWER_H
#define GUESTS_RUNTIME_POWER_H

/* Switches the VM off; without Bulkhead the machine, when it is one of the emulators we know. */
_Noreturn void power_off(void);

#endif
