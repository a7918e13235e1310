/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power-off by hypercall, else by the means of Bochs and QEMU in turn.
 */
#include "guests/runtime/power.h"

#include <stddef.h>
#include <stdint.h>

#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/hypercall.h"

#define BOCHS_SHUTDOWN_PORT 0x8900
#define PM1_SLEEP_ENABLE    0x2000 /* SLP_EN, SLP_TYP 0: S5 of the emulators' chipsets */

void power_off(void)
{
    static const char shutdown[] = "Shutdown";
    static const uint16_t pm1_control[] = {0xb004, 0x604}; /* PIIX4 as Bochs and QEMU set it up */

    console_drain();
    if (hypercall_available()) {
        hypercall(BULKHEAD_CALL_POWER_OFF, 0, 0, 0, 0, 0);
        cpu_stop();
    }
    for (size_t i = 0; i < sizeof(shutdown) - 1; i++) {
        cpu_out8(BOCHS_SHUTDOWN_PORT, (uint8_t)shutdown[i]);
    }
    for (size_t i = 0; i < sizeof(pm1_control) / sizeof(pm1_control[0]); i++) {
        cpu_out16(pm1_control[i], PM1_SLEEP_ENABLE);
    }
    cpu_stop();
}
