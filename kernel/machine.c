/* SPDX-License-Identifier: Apache-2.0 */
/* Power-off and reset of the machine: the kernel's side of drivers/power.c. */
#include "kernel/machine.h"

#include "drivers/power.h"
#include "kernel/cpu.h"
#include "kernel/log.h"
#include "kernel/memory.h"

static const struct boot_platform *platform;
static struct power_mappings mappings;

static volatile void *map_register(const struct boot_register *where)
{
    if (where->space != REGISTER_MMIO) {
        return NULL;
    }
    return memory_map_mmio(HPA(where->address), 8, false);
}

void machine_init(const struct boot_info *info)
{
    platform = &info->platform;
    mappings = (struct power_mappings){
        .pm1a_control = map_register(&platform->pm1a_control),
        .pm1b_control = map_register(&platform->pm1b_control),
        .sleep_control = map_register(&platform->sleep_control),
        .reset = map_register(&platform->reset),
    };
}

void machine_halt(void)
{
    log_flush();
    log_end();
    for (;;) {
        cpu_disable_interrupts();
        cpu_halt();
    }
}

void machine_power_off(void)
{
    log_notice("switching the machine off");
    log_flush();
    log_end();
    power_off(platform, &mappings);
    log_error("the machine cannot be switched off: no working power-off register is known");
    machine_halt();
}

void machine_reset(void)
{
    log_notice("resetting the machine");
    log_flush();
    log_end();
    power_reset(platform, &mappings);
}
