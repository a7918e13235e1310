/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of config_place(): CPUs first, memory near them, PCI functions. All are deterministic
 * and keep their working state on the stack. Used inside boot/config only.
 */
#ifndef BOOT_CONFIG_PLACE_H
#define BOOT_CONFIG_PLACE_H

#include "boot/config/config.h"

/* Writes cpu_count and cpus of every VM of the plan. False, with an error, when it is impossible.
 */
bool config_place_cpus(const struct config *config, const struct config_machine *machine,
                       struct machine_plan *plan, struct config_report *report);

/* Writes memory_count and memory of every VM of the plan, whose CPUs are set. */
bool config_place_memory(const struct config *config, const struct config_machine *machine,
                         struct machine_plan *plan, struct config_report *report);

/*
 * Completes the PCI functions of every VM of the plan, whose memory is set: BARs, where the guest
 * finds function and interrupt. False, with errors, when a BAR cannot be mapped or an interrupt is
 * two VMs'. Functions that are not in *machine get no BARs.
 */
bool config_place_pci(const struct config *config, const struct config_machine *machine,
                      struct machine_plan *plan, struct config_report *report);

/* The NUMA node of most of the VM's CPUs, the lowest of equals. */
uint32_t config_home_node(const struct vm_plan *vm, const struct config_machine *machine);

/* Distance from CPUs of node `from` to memory of node `to`: 10 is local. */
uint32_t config_node_distance(const struct config_machine *machine, uint32_t from, uint32_t to);

/* ---- free RAM while it is being divided ---- */

#define CONFIG_POOL_MAX (CONFIG_RAM_MAX + 2 * VM_MAX * VM_MEMORY_MAX)

struct config_pool {
    uint32_t count;
    struct config_ram ranges[CONFIG_POOL_MAX]; /* sorted, not overlapping, from 1 MiB up */
};

void config_pool_init(struct config_pool *pool, const struct config_machine *machine);

/* Takes [hpa, hpa + size), which lies inside one range. */
void config_pool_take(struct config_pool *pool, uint64_t hpa, uint64_t size);

/* A place for `size` bytes: the smallest range of `node` (CONFIG_NODE_ANY: of all) that has room
 * at an address with the same offset in `page` as `gpa`. False: none. */
#define CONFIG_NODE_ANY UINT32_MAX
bool config_pool_find(const struct config_pool *pool, uint32_t node, uint64_t gpa, uint64_t size,
                      uint64_t page, uint64_t *hpa);

/* The largest multiple of `page` that a range of `node` has at such an address; 0: none. */
uint64_t config_pool_largest(const struct config_pool *pool, uint32_t node, uint64_t gpa,
                             uint64_t page, uint64_t *hpa);

/* Pieces for a 1:1 VM. The caller sets `max`, at most VM_MEMORY_MAX, and leaves the rest 0. */
struct config_chosen {
    uint32_t count;
    uint32_t max;
    uint64_t sum;
    struct config_ram pieces[VM_MEMORY_MAX]; /* by address */
};

/* Chooses `size` bytes in at most `max` pieces that may be at their own addresses in a guest, as
 * low as possible. False: there are not enough. Takes nothing out of the pool. */
bool config_pool_choose(const struct config_pool *pool, uint64_t size,
                        struct config_chosen *chosen);

#endif
