/* SPDX-License-Identifier: Apache-2.0 */
/* Guests beside the manager: what it watches, types into, pauses and stops. */
#include "guests/manager/manager.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/startup.h"
#include "guests/runtime/trap.h"

void role_denied(void)
{
    static uint64_t memory[512];
    uint32_t refused = 0;
    uint32_t numbers = 0;
    for (uint64_t number = BULKHEAD_CALL_MANAGE; number < BULKHEAD_CALL_MANAGE + 64; number++) {
        uint64_t a = (uint64_t)memory;
        int64_t zeros = hypercall(number, 0, 0, 0, 0, 0);
        int64_t addresses = hypercall(number, a, sizeof(memory), a, sizeof(memory), a);
        int64_t sure = hypercall(number, 0, BULKHEAD_MACHINE_END_SURE, 0, 0, 0);
        refused +=
            zeros == -BULKHEAD_EPERM && addresses == -BULKHEAD_EPERM && sure == -BULKHEAD_EPERM;
        numbers++;
    }
    bool written = false;
    for (size_t i = 0; i < sizeof(memory) / sizeof(memory[0]); i++) {
        written |= memory[i] != 0;
    }
    print("denied: %u of %u calls refused, memory %s\n", refused, numbers,
          written ? "FAILED: written" : "untouched");
}

/* Looks once a millisecond: the test wants a guest that sleeps. */
void role_echo(void)
{
    print("echo: ready\n");
    for (;;) {
        while (cpu_in8(UART_LSR) & UART_LSR_DR) {
            uint8_t byte = cpu_in8(UART_BASE);
            cpu_out8(UART_THR, byte);
        }
        rest_us(1000);
    }
}

void role_count(void)
{
    uint64_t us = startup_number("every", 20000);
    for (uint64_t i = 1;; i++) {
        print(trap_stray_count() == 0 ? "count %lu\n" : "count %lu!\n", i); /* NMIs */
        rest_us(us);
    }
}
