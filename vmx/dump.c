/* SPDX-License-Identifier: Apache-2.0 */
/* The dump of a crashed vCPU; see the header. */
#include "vmx/dump.h"

#include "kernel/log.h"
#include "kernel/printf.h"
#include "vmx/vmcs.h"
#include "vmx/vmx_names.h"

#define FIELDS_A_LINE 3
#define EXITS_SHOWN   32

static void dump_registers(const struct vcpu *vcpu)
{
    static const char *const names[] = {"RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
                                        "R8",  "R9",  "R10", "R11", "R12", "R13", "R14", "R15"};
    uint64_t values[VCPU_REGISTER_COUNT];
    for (unsigned i = 0; i < VCPU_REGISTER_COUNT; i++) {
        values[i] = i == VCPU_RSP ? vmcs_read(VMCS_GUEST_RSP) : vcpu->regs[i];
    }
    for (unsigned i = 0; i < VCPU_REGISTER_COUNT; i += 4) {
        log_notice("  %-3s %016lx  %-3s %016lx  %-3s %016lx  %-3s %016lx", names[i], values[i],
                   names[i + 1], values[i + 1], names[i + 2], values[i + 2], names[i + 3],
                   values[i + 3]);
    }
}

static void dump_fields(const struct vmx_field_name *fields, size_t count)
{
    char line[160];
    int used = 0;
    for (size_t i = 0; i < count; i++) {
        used += ksnprintf(line + used, sizeof(line) - (size_t)used, "  %s %lx", fields[i].name,
                          vmcs_read(fields[i].field));
        if (i % FIELDS_A_LINE == FIELDS_A_LINE - 1 || i == count - 1) {
            log_notice("%s", line);
            used = 0;
        }
    }
}

static void dump_history(const struct vcpu *vcpu)
{
    log_notice("the last exits, oldest first:");
    for (unsigned i = 0; i < EXITS_SHOWN; i++) {
        uint32_t entry = vcpu->history[(uint8_t)(vcpu->history_next - EXITS_SHOWN + i)];
        if (entry != VCPU_HISTORY_NONE) {
            log_notice("  %-3u %s", entry & 0xffff, vmx_exit_reason_name(entry));
        }
    }
}

void vcpu_dump(const struct vcpu *vcpu)
{
    log_notice("VM %s, vCPU %u:", vcpu->vm->plan->name, vcpu->index);
    dump_registers(vcpu);
    dump_fields(vmx_guest_fields, vmx_guest_field_count);
    dump_fields(vmx_exit_fields, vmx_exit_field_count);
    dump_history(vcpu);
}
