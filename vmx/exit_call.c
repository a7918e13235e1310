/* SPDX-License-Identifier: Apache-2.0 */
/* VMCALL: hypercalls are handled by kernel/hypercall.c; this file knows how they arrive. */
#include "kernel/hypercall.h"
#include "vmx/exit.h"
#include "vmx/vmcs.h"

enum exit_action exit_vmcall(struct vcpu *vcpu)
{
    if (__builtin_expect(vmcs_read_hot(VMCS_GUEST_SS_ACCESS_RIGHTS) & ACCESS_RIGHTS_DPL, 0)) {
        vcpu->regs[VCPU_RAX] = (uint64_t)-BULKHEAD_EPERM;
        return EXIT_SKIP;
    }
    hypercall_handle(vcpu);
    return EXIT_SKIP;
}
