/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of vCPUs for the reader of the log. Called at a VM's end (kernel/vm.c). */
#ifndef KERNEL_VCPU_COUNTERS_H
#define KERNEL_VCPU_COUNTERS_H

#include "kernel/vcpu.h"

/*
 * Prints how many exits there were since vcpu_reset(), their cost, what was denied, and the exits
 * by basic exit reason. Any CPU; not while the vCPU runs.
 */
void vcpu_log_counters(const struct vcpu *vcpu);

/*
 * All counters as they are now; each number is whole. Any CPU, also while the vCPU runs on its own.
 */
void vcpu_read_counters(const struct vcpu *vcpu, struct bulkhead_counters *to);

#endif
