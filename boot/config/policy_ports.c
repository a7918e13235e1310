/* SPDX-License-Identifier: Apache-2.0 */
/*
 * I/O ports by name, and those that no VM may be given: each of them reaches memory, other VMs or
 * the whole machine. Ports that differ from machine to machine (power management) come from the
 * machine itself, see config_machine.ports.
 */
#include "boot/config/policy.h"
#include "boot/config/value.h"
#include "kernel/printf.h"
#include "kernel/string.h"

#define NEVER CONFIG_RULE_NEVER
#define DOUBT CONFIG_RULE_DOUBT
#define OPEN  CONFIG_RULE_OPEN

static const struct config_policy rows[] = {
    {0x0000, 0x001f, NEVER, "dma1", "the ISA DMA controller reads and writes all memory"},
    {0x0020, 0x0021, NEVER, "pic1", "the machine's interrupt controllers belong to Bulkhead"},
    {0x002e, 0x002f, DOUBT, "superio", "the Super I/O chip can move and switch off other devices"},
    {0x0040, 0x0043, NEVER, "pit", "the machine's timer belongs to Bulkhead"},
    {0x004e, 0x004f, DOUBT, "superio2", "the Super I/O chip can move and switch off other devices"},
    {0x0060, 0x0060, NEVER, "keyboard", "the keyboard controller can reset the machine"},
    {0x0061, 0x0061, NEVER, "nmi-status", "it masks NMIs for the whole machine"},
    {0x0064, 0x0064, NEVER, "keyboard-command", "the keyboard controller can reset the machine"},
    {0x0070, 0x0077, NEVER, "rtc", "every VM has a clock of its own there, and bit 7 masks NMIs"},
    {0x0080, 0x0080, NEVER, "post", "every VM has a POST port of its own there"},
    {0x0081, 0x008f, NEVER, "dma-page", "the ISA DMA controller reads and writes all memory"},
    {0x0092, 0x0092, NEVER, "a20", "it can reset the machine"},
    {0x00a0, 0x00a1, NEVER, "pic2", "the machine's interrupt controllers belong to Bulkhead"},
    {0x00b2, 0x00b3, NEVER, "smi", "it enters the firmware's system management mode"},
    {0x00c0, 0x00df, NEVER, "dma2", "the ISA DMA controller reads and writes all memory"},
    {0x00e9, 0x00e9, OPEN, "debugcon", NULL},
    {0x0278, 0x027f, OPEN, "lpt2", NULL},
    {0x02e8, 0x02ef, OPEN, "com4", NULL},
    {0x02f8, 0x02ff, OPEN, "com2", NULL},
    {0x0378, 0x037f, OPEN, "lpt1", NULL},
    {0x03c0, 0x03df, DOUBT, "vga", "Bulkhead's framebuffer console uses the graphics adapter"},
    {0x03e8, 0x03ef, OPEN, "com3", NULL},
    {0x03f8, 0x03ff, NEVER, "com1", "every VM has a virtual UART of its own there"},
    {0x0402, 0x0402, NEVER, "debug", "every VM has a debug console of its own there"},
    {0x04d0, 0x04d1, NEVER, "elcr", "the machine's interrupt controllers belong to Bulkhead"},
    {0x0510, 0x051b, NEVER, "fw-cfg", "it does DMA to all memory"},
    {0x0600, 0x0617, NEVER, "acpi", "every VM has power-off, timer and watchdog of its own there"},
    {0x0cf8, 0x0cff, NEVER, "pci-config",
     "PCI configuration space is filtered for each VM, and 0xcf9 resets the machine"},
    {0x8900, 0x8900, NEVER, "bochs-shutdown", "it ends the emulated machine"},
};

const struct config_policy_table config_port_policy = {rows, ARRAY_SIZE(rows)};

const struct config_policy *config_policy_find(const struct config_policy_table *table,
                                               const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->rows[i].name, name) == 0) {
            return &table->rows[i];
        }
    }
    return NULL;
}

const struct config_policy *config_policy_overlap(const struct config_policy_table *table,
                                                  uint32_t first, uint32_t last)
{
    const struct config_policy *found = NULL;
    for (size_t i = 0; i < table->count; i++) {
        const struct config_policy *row = &table->rows[i];
        if (row->first <= last && first <= row->last &&
            (found == NULL || row->rule > found->rule)) {
            found = row;
        }
    }
    return found;
}

const char *config_policy_text(const struct config_policy *row, char *buf, size_t size)
{
    static const char *const rules[] = {
        [CONFIG_RULE_OPEN] = "may be opened",
        [CONFIG_RULE_READ] = "for reading only: ",
        [CONFIG_RULE_DOUBT] = "with a warning: ",
        [CONFIG_RULE_NEVER] = "never: ",
    };
    char range[CONFIG_RANGE_TEXT];
    ksnprintf(buf, size, "| %s | `%s` | %s%s |",
              config_format_range(row->first, row->last, range, sizeof(range)), row->name,
              rules[row->rule], row->reason != NULL ? row->reason : "");
    return buf;
}
