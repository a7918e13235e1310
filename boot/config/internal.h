/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of boot/config offer to each other and to nobody else.
 */
#ifndef BOOT_CONFIG_INTERNAL_H
#define BOOT_CONFIG_INTERNAL_H

#include "boot/config/config.h"

/* Passes the tree to libfdt's full check; names it as `what` in the report when it is bad. */
bool config_tree_check(const void *fdt, size_t size, const char *what,
                       struct config_report *report);

/* The rule of VM names; `name` need not be terminated. */
bool config_name_is_valid(const char *name, size_t length);
#define CONFIG_NAME_RULE "1 to 15 of a-z, 0-9 and -, beginning with a letter"

bool config_node_is(const void *fdt, int node, const char *compatible);

/* Adds a problem of a VM (property NULL: the VM itself), without a value. */
struct config_problem *config_vm_problem(struct config_report *report, const struct config *config,
                                         const struct config_vm *vm, enum config_severity severity,
                                         const char *property);

/* check_config.c: one VM by itself, then all VMs together. */
void config_check_vm(struct config *config, struct config_vm *vm, struct config_report *report);
void config_check_machine_node(struct config *config, struct config_report *report);

/* check_machine.c, check_cpus.c, check_images.c */
void config_check_cpus(const struct config *config, const struct config_machine *machine,
                       struct config_report *report);
void config_check_machine(const struct config *config, const struct config_machine *machine,
                          struct config_report *report);
void config_check_images(struct config *config, struct config_report *report);

/* Takes memory below 1 MiB out of a described machine: it is never given to a VM. */
void config_desc_reserve_low(struct config_machine *machine);

/* "00:1f.2", with the segment when it is not 0. Returns buf. */
const char *config_format_pci(const struct vm_pci_function *function, char *buf, size_t size);
#define CONFIG_PCI_TEXT 16
bool config_pci_equal(const struct vm_pci_function *a, const struct vm_pci_function *b);

/* The largest page, 4 KiB to 1 GiB, that can map some of a piece of the VM's RAM. */
uint64_t config_largest_page(const struct vm_plan *vm, const struct vm_memory *piece);

#endif
