/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of a machine description: ranges are added in order of address, reserved ones are cut out.
 * Called while machine_desc.c reads the tree.
 */
#include "boot/config/internal.h"
#include "boot/config/property.h"

/* Puts a range in its place by address. */
static void insert_ram(struct config_machine *machine, const struct config_ram *ram)
{
    uint32_t at = machine->ram_count++;
    for (; at > 0 && machine->ram[at - 1].hpa.v > ram->hpa.v; at--) {
        machine->ram[at] = machine->ram[at - 1];
    }
    machine->ram[at] = *ram;
}

static const char *add_ram(struct config_machine *machine, const struct config_ram *ram)
{
    for (uint32_t i = 0; i < machine->ram_count; i++) {
        const struct config_ram *other = &machine->ram[i];
        if (ram->hpa.v < other->hpa.v + other->size && other->hpa.v < ram->hpa.v + ram->size) {
            return "overlaps other memory";
        }
    }
    if (machine->ram_count == CONFIG_RAM_MAX) {
        return "is one range more than the 256 allowed";
    }
    insert_ram(machine, ram);
    return NULL;
}

/* Cuts a range out of the RAM. */
static const char *reserve_ram(struct config_machine *machine, const struct config_ram *hole)
{
    uint64_t hole_end = hole->hpa.v + hole->size;
    for (uint32_t i = 0; i < machine->ram_count; i++) {
        struct config_ram *ram = &machine->ram[i];
        uint64_t end = ram->hpa.v + ram->size;
        if (hole->hpa.v >= end || ram->hpa.v >= hole_end) {
            continue;
        }
        if (end > hole_end && ram->hpa.v < hole->hpa.v) {
            if (machine->ram_count == CONFIG_RAM_MAX) {
                return "cuts memory into more than the 256 ranges allowed";
            }
            struct config_ram rest = {HPA(hole_end), end - hole_end, ram->node};
            ram->size = hole->hpa.v - ram->hpa.v;
            insert_ram(machine, &rest);
        } else if (end > hole_end) {
            ram->hpa = HPA(hole_end);
            ram->size = end - hole_end;
        } else {
            ram->size = MAX(hole->hpa.v, ram->hpa.v) - ram->hpa.v;
        }
    }
    return NULL;
}

static const char *range_fault(const struct config_ram *range)
{
    if (!is_aligned(range->hpa.v, PAGE_SIZE) || !is_aligned(range->size, PAGE_SIZE)) {
        return "has an address or size that is no multiple of 4 KiB";
    }
    if (range->size == 0) {
        return "has a range without size";
    }
    if (range->hpa.v >= BIT(52) || range->size > BIT(52) - range->hpa.v) {
        return "ends past 52 address bits";
    }
    return NULL;
}

void config_read_desc_memory(struct config_reader *reader, const struct config_property *property,
                             const struct config_value *value)
{
    uint32_t cells = config_value_cell_count(value);
    const char *fault = cells % 4 != 0 ? "is not made of groups of four numbers" : NULL;
    bool reserved = reader->kind == CONFIG_KIND_DESC_RESERVED;
    const struct config_desc_memory *memory = reader->target;
    for (uint32_t i = 0; i + 3 < cells && fault == NULL; i += 4) {
        struct config_ram range = {
            HPA((uint64_t)config_value_cell(value, i) << 32 | config_value_cell(value, i + 1)),
            (uint64_t)config_value_cell(value, i + 2) << 32 | config_value_cell(value, i + 3),
            reserved ? 0 : memory->node,
        };
        fault = range_fault(&range);
        if (fault == NULL) {
            fault =
                reserved ? reserve_ram(reader->machine, &range) : add_ram(reader->machine, &range);
        }
    }
    if (fault != NULL) {
        struct config_problem *problem = config_reader_error(reader, property, value);
        config_problem_what(problem, "%s", fault);
        config_problem_remedy(problem, "write address and size, as in %s", property->example);
    }
}

void config_desc_reserve_low(struct config_machine *machine)
{
    struct config_ram low = {HPA(0), MIB(1), 0};
    reserve_ram(machine, &low);
}
