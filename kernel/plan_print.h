/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's plan as text, for the monitor and for managing VMs. */
#ifndef KERNEL_PLAN_PRINT_H
#define KERNEL_PLAN_PRINT_H

#include "kernel/crash.h"
#include "kernel/vm_plan.h"

/*
 * A line a property, in the words of docs/configuration.md: `name = value`, or the bare word of a
 * flag. `memory`, `load`, `ports`, `msrs` and `pci` have a line each piece, `cpus` one for 32 CPUs.
 */
void plan_print(const struct vm_plan *plan, crash_emit_fn emit, void *context);

#endif
