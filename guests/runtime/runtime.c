/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start-up in C: entry.S calls runtime_start() on the boot processor's stack.
 */
#include "guests/runtime/runtime.h"

#include <stdint.h>

#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/memory.h"
#include "guests/runtime/percpu.h"
#include "guests/runtime/power.h"
#include "guests/runtime/startup.h"
#include "guests/runtime/timing.h"
#include "guests/runtime/trap.h"

void runtime_start(uint32_t eax, uint32_t ebx);

void runtime_start(uint32_t eax, uint32_t ebx)
{
    struct cpu *cpu = cpu_this();
    percpu_init(cpu, 0, 0);
    trap_init();
    percpu_load();
    console_init();
    if (!startup_parse(eax, ebx)) {
        print("\nguest: neither PVH nor Multiboot: EAX 0x%x EBX 0x%x\n", eax, ebx);
        power_off();
    }
    memory_init();
    apic_enable();
    cpu->apic_id = apic_id();
    timing_init();
    guest_main();
    power_off();
}
