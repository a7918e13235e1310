/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VM's IOAPIC, at its place on every PC. Intel 82093AA data sheet, "Register Description".
 */
#include "guests/net/ioapic.h"

#include "guests/runtime/apic.h"
#include "guests/runtime/cpu.h"

#define IOAPIC_PAGE       0xfec00000u
#define IOAPIC_SELECT     (IOAPIC_PAGE + 0x00)
#define IOAPIC_WINDOW     (IOAPIC_PAGE + 0x10)
#define REG_VERSION       0x01
#define REG_ENTRY(input)  (0x10 + 2 * (input))
#define VERSION_LAST(v)   ((v) >> 16 & 0xff)

#define ENTRY_ACTIVE_LOW  (1u << 13)
#define ENTRY_LEVEL       (1u << 15)
#define ENTRY_MASKED      (1u << 16)
#define ENTRY_DESTINATION 24 /* bit of the high half */

static uint32_t read(uint32_t reg)
{
    cpu_write32(IOAPIC_SELECT, reg);
    return cpu_read32(IOAPIC_WINDOW);
}

static void write(uint32_t reg, uint32_t value)
{
    cpu_write32(IOAPIC_SELECT, reg);
    cpu_write32(IOAPIC_WINDOW, value);
}

bool ioapic_route(uint32_t gsi, uint8_t vector)
{
    uint32_t version = read(REG_VERSION);
    if (version == UINT32_MAX || gsi > VERSION_LAST(version)) {
        return false;
    }
    write(REG_ENTRY(gsi), ENTRY_MASKED);
    write(REG_ENTRY(gsi) + 1, apic_id() << ENTRY_DESTINATION);
    write(REG_ENTRY(gsi), vector | ENTRY_ACTIVE_LOW | ENTRY_LEVEL);
    return true;
}
