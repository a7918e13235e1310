/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of VMs with the `manage` right: guests/include/bulkhead_abi.h has the contract,
 * kernel/manage.c the table. Called by kernel/hypercall.c, never on the path of the calls that
 * every VM has.
 */
#ifndef KERNEL_MANAGE_H
#define KERNEL_MANAGE_H

#include "kernel/boot_info.h"
#include "kernel/manage_stream.h"
#include "kernel/vcpu.h"

/* What the calls tell of the machine; also listens to the log. Boot processor, before VMs start. */
void manage_init(const struct boot_info *info, const char *version);

/* One call by its number, BULKHEAD_CALL_MANAGE or above: -BULKHEAD_EPERM, -BULKHEAD_ENOSYS, ... */
int64_t manage_call(struct vcpu *vcpu);

/* The VM is about to be entered anew: it has no rings, and nothing has happened. Its first CPU,
 * before others run. */
void manage_reset(struct vm *vm);

#endif
