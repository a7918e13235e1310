/* SPDX-License-Identifier: Apache-2.0 */
/* Fills snapshots of vCPUs from the current VMCS; see the header. Not on any fast path. */
#include "vmx/snapshot.h"

#include "kernel/backtrace.h"
#include "kernel/cpu.h"
#include "vmx/guest.h"
#include "vmx/vmcs.h"
#include "vmx/vmx_names.h"

static void add(struct vcpu_snapshot *s, const char *name, uint64_t value)
{
    if (s->state_count < SNAPSHOT_STATE_MAX) {
        s->state[s->state_count++] = (struct snapshot_value){name, value};
    }
}

static void add_fields(struct vcpu_snapshot *s, const struct vmx_field_name *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add(s, fields[i].name, vmcs_read(fields[i].field));
    }
}

static void take_registers(const struct vcpu *vcpu, struct vcpu_snapshot *s)
{
    for (unsigned i = 0; i < VCPU_REGISTER_COUNT; i++) {
        s->regs[i] = vcpu->regs[i];
    }
    s->regs[VCPU_RSP] = vmcs_read(VMCS_GUEST_RSP);
    s->rip = vmcs_read(VMCS_GUEST_RIP);
    s->cr3 = vmcs_read(VMCS_GUEST_CR3);
    s->state_count = 0;
    add_fields(s, vmx_guest_fields, vmx_guest_field_count);
    add_fields(s, vmx_exit_fields, vmx_exit_field_count);
    add(s, "CR2", cpu_read_cr2()); /* the guest's, which nobody has touched since the exit */
}

static void take_exits(const struct vcpu *vcpu, struct vcpu_snapshot *s)
{
    s->exit_name = vmx_exit_reason_name;
    s->exit_count = 0;
    for (unsigned i = 0; i < SNAPSHOT_EXITS; i++) {
        uint32_t entry = vcpu->history[(uint8_t)(vcpu->history_next - SNAPSHOT_EXITS + i)];
        if (entry != VCPU_HISTORY_NONE) {
            s->exits[s->exit_count++] = entry;
        }
    }
}

static bool read_word(void *context, gpa_t gpa, uint64_t *value)
{
    return vm_read_memory(context, gpa, value, sizeof(*value));
}

static void take_memory(struct vcpu *vcpu, struct vcpu_snapshot *s)
{
    struct backtrace_source source = {.memory = {.read = read_word, .context = vcpu->vm}};
    struct insn_key key;
    guest_read_paging(vcpu, &source.paging);
    guest_read_insn_key(&key);
    s->word = key.mode == MMIO_MODE_64 ? 8 : key.mode == MMIO_MODE_32 ? 4 : 2;
    if (key.mode != MMIO_MODE_64) {
        source.code_base = vmcs_read(VMCS_GUEST_CS_BASE);
        source.stack_base = vmcs_read(VMCS_GUEST_SS_BASE);
    }
    backtrace_take(&source, s);
}

static void take(struct vcpu *vcpu, struct vcpu_snapshot *s)
{
    if (vcpu->state == VCPU_WAIT_SIPI) {
        s->kind = SNAPSHOT_WAITING;
        return;
    }
    take_registers(vcpu, s);
    take_exits(vcpu, s);
    take_memory(vcpu, s);
    s->kind = SNAPSHOT_TAKEN;
}

void vcpu_snapshot_crash(struct vcpu *vcpu)
{
    take(vcpu, &vcpu->snapshots->crash);
}

void vcpu_snapshot_pause(struct vcpu *vcpu)
{
    take(vcpu, &vcpu->snapshots->pause);
}
