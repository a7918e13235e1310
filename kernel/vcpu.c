/* SPDX-License-Identifier: Apache-2.0 */
/* Requests between CPUs about vCPUs; see the header. The vCPU's life is in vmx/vcpu.c. */
#include "kernel/vcpu.h"

#include "drivers/lapic.h"
#include "kernel/legacy.h"
#include "kernel/percpu.h"
#include "kernel/string.h"
#include "kernel/vm.h"
#include "kernel/xapic.h"

void vcpu_reset(struct vcpu *vcpu)
{
    vcpu_take_requests(vcpu, ~(uint32_t)VCPU_REQUEST_POLL); /* which is about the CPU */
    memset(&vcpu->counters, 0, sizeof(vcpu->counters));
    memset(vcpu->history, 0xff, sizeof(vcpu->history));
    vcpu_timers_reset(vcpu);
    insn_cache_flush(&vcpu->insns);
    vcpu->xapic_icr = 0;
    vcpu->lint0 = legacy_lint0_reset(vcpu);
    vcpu->vm->xapic_logical[vcpu->index] = (struct xapic_logical){.model = 0xf};
    msr_vcpu_reset(&vcpu->msr, vcpu->index == 0, false);
    xapic_update_bitmap(vcpu);
}

void vcpu_request(struct vcpu *vcpu, uint32_t requests)
{
    __atomic_or_fetch(&vcpu->requests, requests, __ATOMIC_SEQ_CST);
    if (vcpu->cpu != this_cpu()) {
        lapic_send_nmi(vcpu->apic_id);
    }
}

uint32_t vcpu_take_requests(struct vcpu *vcpu, uint32_t mask)
{
    return __atomic_fetch_and(&vcpu->requests, ~mask, __ATOMIC_SEQ_CST) & mask;
}
