/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fills VMCSs; see the header. Initial guest state: SDM "IA-32 Processor States Following Power-up,
 * Reset, or INIT"; host state: "Host-State Area". Fields that never differ stand in tables.
 */
#include "vmx/vmcs_setup.h"

#include "ept/ept.h"
#include "kernel/cpu.h"
#include "kernel/cpu_init.h"
#include "kernel/cpu_regs.h"
#include "kernel/cr_policy.h"
#include "kernel/descriptors.h"
#include "kernel/memory.h"
#include "kernel/msr.h"
#include "kernel/panic.h"
#include "kernel/percpu.h"
#include "vmx/mitigations.h"
#include "vmx/vmcs.h"
#include "vmx/vmx_defs.h"

struct field_value {
    uint32_t field;
    uint64_t value;
};

static void write_table(const struct field_value *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        vmcs_write(table[i].field, table[i].value);
    }
}

/* ---- controls and host state ---- */

static const struct field_value constant_controls[] = {
    {VMCS_EXCEPTION_BITMAP,
     BIT(18) | BIT(17) | BIT(1)}, /* #MC; #AC and #DB against endless loops */
    {VMCS_PAGE_FAULT_ERROR_CODE_MASK, 0},
    {VMCS_PAGE_FAULT_ERROR_CODE_MATCH, 0},
    {VMCS_CR3_TARGET_COUNT, 0},
    {VMCS_VM_EXIT_MSR_STORE_COUNT, 0},
    {VMCS_VM_EXIT_MSR_LOAD_COUNT, 0},
    {VMCS_VM_ENTRY_MSR_LOAD_COUNT, 0},
    {VMCS_TSC_OFFSET, 0},
    {VMCS_GUEST_VMCS_LINK_POINTER, UINT64_MAX},
};

static const struct field_value constant_host[] = {
    {VMCS_HOST_ES_SELECTOR, SELECTOR_DATA},
    {VMCS_HOST_CS_SELECTOR, SELECTOR_CODE},
    {VMCS_HOST_SS_SELECTOR, SELECTOR_DATA},
    {VMCS_HOST_DS_SELECTOR, SELECTOR_DATA},
    {VMCS_HOST_FS_SELECTOR, 0},
    {VMCS_HOST_GS_SELECTOR, 0},
    {VMCS_HOST_TR_SELECTOR, SELECTOR_TSS},
    {VMCS_HOST_IA32_PAT, HOST_PAT},
    {VMCS_HOST_IA32_SYSENTER_CS, 0},
    {VMCS_HOST_IA32_SYSENTER_ESP, 0},
    {VMCS_HOST_IA32_SYSENTER_EIP, 0},
    {VMCS_HOST_FS_BASE, 0},
};

extern const uint8_t vmx_exit_point[]; /* vmx/entry.S */
extern const uint8_t vmx_exit_point_verw[];
extern const uint16_t vmx_verw_selector;
const uint16_t vmx_verw_selector = SELECTOR_DATA; /* any that can be written to */

/* What the processor needs at each entry; nothing where it needs nothing. */
static void setup_mitigations(struct vcpu *vcpu, const struct vmx_caps *caps)
{
    struct vmx_mitigations mitigations = vmx_mitigations_choose(caps, false);
    if (mitigations.flush_l1d) {
        vcpu->vmx->entry_msr = (struct vmx_msr_entry){MSR_IA32_FLUSH_CMD, 0, FLUSH_CMD_L1D};
        vmcs_write(VMCS_VM_ENTRY_MSR_LOAD_ADDRESS, memory_hpa(&vcpu->vmx->entry_msr).v);
        vmcs_write(VMCS_VM_ENTRY_MSR_LOAD_COUNT, 1);
    }
    vmcs_write(VMCS_HOST_RIP, (uintptr_t)(mitigations.verw ? vmx_exit_point_verw : vmx_exit_point));
}

static void setup_host(const struct percpu *cpu)
{
    write_table(constant_host, ARRAY_SIZE(constant_host));
    vmcs_write(VMCS_HOST_CR0, cpu_read_cr0());
    vmcs_write(VMCS_HOST_CR3, memory_cr3());
    vmcs_write(VMCS_HOST_CR4, cpu_read_cr4());
    vmcs_write(VMCS_HOST_IA32_EFER, cpu_rdmsr(MSR_IA32_EFER));
    vmcs_write(VMCS_HOST_GS_BASE, (uintptr_t)cpu);
    vmcs_write(VMCS_HOST_TR_BASE, (uintptr_t)&cpu->tables.tss);
    vmcs_write(VMCS_HOST_GDTR_BASE, (uintptr_t)cpu->tables.gdt);
    vmcs_write(VMCS_HOST_IDTR_BASE, idt_base());
}

void vmcs_setup_controls(struct vcpu *vcpu)
{
    struct vmx_caps caps;
    vmx_caps_read(&caps);
    struct vmx_controls controls = vmx_controls_choose(&caps);
    struct vm *vm = vcpu->vm;

    vcpu->vmx->pinbased = controls.pinbased;
    vcpu->vmx->procbased = controls.procbased;
    vmcs_write(VMCS_PINBASED_CONTROLS, controls.pinbased);
    vmcs_write(VMCS_PROCBASED_CONTROLS, controls.procbased);
    vmcs_write(VMCS_SECONDARY_PROCBASED_CONTROLS, controls.procbased2);
    vmcs_write(VMCS_VM_EXIT_CONTROLS, controls.exit);
    vmcs_write(VMCS_VM_ENTRY_CONTROLS, controls.entry);
    write_table(constant_controls, ARRAY_SIZE(constant_controls));
    if (controls.procbased2 & SECONDARY_ENABLE_XSAVES_XRSTORS) {
        vmcs_write(VMCS_XSS_EXITING_BITMAP, 0);
    }
    if (controls.procbased2 & SECONDARY_ENABLE_ENCLS_EXITING) {
        vmcs_write(VMCS_ENCLS_EXITING_BITMAP, UINT64_MAX);
    }
    if (controls.procbased2 & SECONDARY_ENABLE_ENCLV_EXITING) {
        vmcs_write(VMCS_ENCLV_EXITING_BITMAP, UINT64_MAX);
    }
    vmcs_write(VMCS_CR0_GUEST_HOST_MASK, vm->cr_policy.cr0_mask);
    vmcs_write(VMCS_CR4_GUEST_HOST_MASK, vm->cr_policy.cr4_mask);
    vmcs_write(VMCS_VPID, vm->vpid);
    vmcs_write(VMCS_EPT_POINTER, ept_pointer(&vm->ept));
    vmcs_write(VMCS_IO_BITMAP_A, memory_hpa(vm->io_bitmap).v);
    vmcs_write(VMCS_IO_BITMAP_B, memory_hpa(vm->io_bitmap).v + PAGE_SIZE);
    vmcs_write(VMCS_MSR_BITMAP, memory_hpa(vcpu->msr_bitmap).v);
    setup_host(vcpu->cpu);
    setup_mitigations(vcpu, &caps);
}

/* ---- guest state ---- */

#define RIGHTS_CODE_REAL (0x9b) /* present, S, execute/read, accessed */
#define RIGHTS_DATA_REAL (0x93)
#define RIGHTS_CODE32    (0xc09b)
#define RIGHTS_DATA32    (0xc093)
#define RIGHTS_CODE64    (0xa09b)
#define RIGHTS_TSS_BUSY  (0x8b)
#define RIGHTS_LDT       (0x82)

/* After INIT. CS, EDX, RIP and the control registers differ by case and are written below. */
static const struct field_value reset_state[] = {
    {VMCS_GUEST_ES_SELECTOR, 0},
    {VMCS_GUEST_SS_SELECTOR, 0},
    {VMCS_GUEST_DS_SELECTOR, 0},
    {VMCS_GUEST_FS_SELECTOR, 0},
    {VMCS_GUEST_GS_SELECTOR, 0},
    {VMCS_GUEST_LDTR_SELECTOR, 0},
    {VMCS_GUEST_TR_SELECTOR, 0},
    {VMCS_GUEST_ES_BASE, 0},
    {VMCS_GUEST_SS_BASE, 0},
    {VMCS_GUEST_DS_BASE, 0},
    {VMCS_GUEST_FS_BASE, 0},
    {VMCS_GUEST_GS_BASE, 0},
    {VMCS_GUEST_LDTR_BASE, 0},
    {VMCS_GUEST_TR_BASE, 0},
    {VMCS_GUEST_GDTR_BASE, 0},
    {VMCS_GUEST_IDTR_BASE, 0},
    {VMCS_GUEST_LDTR_LIMIT, 0xffff},
    {VMCS_GUEST_TR_LIMIT, 0xffff},
    {VMCS_GUEST_GDTR_LIMIT, 0xffff},
    {VMCS_GUEST_IDTR_LIMIT, 0xffff},
    {VMCS_GUEST_LDTR_ACCESS_RIGHTS, RIGHTS_LDT},
    {VMCS_GUEST_TR_ACCESS_RIGHTS, RIGHTS_TSS_BUSY},
    {VMCS_GUEST_CR3, 0},
    {VMCS_GUEST_DR7, 0x400},
    {VMCS_GUEST_RSP, 0},
    {VMCS_GUEST_RFLAGS, 2},
    {VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, 0},
    {VMCS_GUEST_INTERRUPTIBILITY, 0},
    {VMCS_GUEST_ACTIVITY_STATE, ACTIVITY_ACTIVE},
    {VMCS_GUEST_IA32_DEBUGCTL, 0},
    {VMCS_GUEST_IA32_PAT, PAT_AT_RESET},
    {VMCS_GUEST_IA32_EFER, 0},
    {VMCS_GUEST_IA32_SYSENTER_CS, 0},
    {VMCS_GUEST_IA32_SYSENTER_ESP, 0},
    {VMCS_GUEST_IA32_SYSENTER_EIP, 0},
    {VMCS_GUEST_SMBASE, 0},
    {VMCS_VM_ENTRY_INTERRUPTION_INFO, 0},
};

static const uint32_t data_limits[] = {VMCS_GUEST_ES_LIMIT, VMCS_GUEST_SS_LIMIT,
                                       VMCS_GUEST_DS_LIMIT, VMCS_GUEST_FS_LIMIT,
                                       VMCS_GUEST_GS_LIMIT};
static const uint32_t data_rights[] = {VMCS_GUEST_ES_ACCESS_RIGHTS, VMCS_GUEST_SS_ACCESS_RIGHTS,
                                       VMCS_GUEST_DS_ACCESS_RIGHTS, VMCS_GUEST_FS_ACCESS_RIGHTS,
                                       VMCS_GUEST_GS_ACCESS_RIGHTS};
static const uint32_t data_selectors[] = {VMCS_GUEST_ES_SELECTOR, VMCS_GUEST_SS_SELECTOR,
                                          VMCS_GUEST_DS_SELECTOR, VMCS_GUEST_FS_SELECTOR,
                                          VMCS_GUEST_GS_SELECTOR};

static void set_data_segments(uint16_t selector, uint32_t limit, uint32_t rights)
{
    for (size_t i = 0; i < ARRAY_SIZE(data_limits); i++) {
        vmcs_write(data_selectors[i], selector);
        vmcs_write(data_limits[i], limit);
        vmcs_write(data_rights[i], rights);
    }
}

static void set_code_segment(uint16_t selector, uint64_t base, uint32_t limit, uint32_t rights)
{
    vmcs_write(VMCS_GUEST_CS_SELECTOR, selector);
    vmcs_write(VMCS_GUEST_CS_BASE, base);
    vmcs_write(VMCS_GUEST_CS_LIMIT, limit);
    vmcs_write(VMCS_GUEST_CS_ACCESS_RIGHTS, rights);
}

/* cr0, cr4: as the guest is to see them. */
static void set_control_registers(uint64_t cr0, uint64_t cr4)
{
    vmcs_write(VMCS_CR0_READ_SHADOW, cr0);
    vmcs_write(VMCS_CR4_READ_SHADOW, cr4);
    vmcs_write(VMCS_GUEST_CR0, cr_policy_real_cr0(cr0));
    vmcs_write(VMCS_GUEST_CR4, cr_policy_real_cr4(cr4));
}

static void setup_real_mode(uint16_t cs, uint64_t base, uint64_t rip)
{
    set_code_segment(cs, base, 0xffff, RIGHTS_CODE_REAL);
    set_data_segments(0, 0xffff, RIGHTS_DATA_REAL);
    set_control_registers(CR0_CD | CR0_NW | CR0_ET, 0);
    vmcs_write(VMCS_GUEST_RIP, rip);
}

static void setup_flat(struct vcpu *vcpu, const struct vm_start *start)
{
    bool long_mode = start->mode == VM_START_LONG64;
    set_code_segment(start->cs, 0, UINT32_MAX, long_mode ? RIGHTS_CODE64 : RIGHTS_CODE32);
    set_data_segments(start->ds, UINT32_MAX, RIGHTS_DATA32);
    if (start->gdt_limit != 0) {
        vmcs_write(VMCS_GUEST_GDTR_BASE, start->gdt_base);
        vmcs_write(VMCS_GUEST_GDTR_LIMIT, start->gdt_limit);
    }
    if (long_mode) {
        vmcs_write(VMCS_GUEST_CR3, start->cr3);
        vmcs_write(VMCS_GUEST_IA32_EFER, EFER_LME | EFER_LMA);
        vmcs_write(VMCS_VM_ENTRY_CONTROLS,
                   vmcs_read(VMCS_VM_ENTRY_CONTROLS) | VM_ENTRY_IA32E_MODE_GUEST);
        set_control_registers(CR0_PE | CR0_ET | CR0_PG, CR4_PAE);
    } else {
        set_control_registers(CR0_PE | CR0_ET, 0);
    }
    vmcs_write(VMCS_GUEST_RSP, start->rsp);
    vmcs_write(VMCS_GUEST_RIP, start->rip);
    vcpu->regs[VCPU_RAX] = start->rax;
    vcpu->regs[VCPU_RBX] = start->rbx;
    vcpu->regs[VCPU_RSI] = start->rsi;
    vcpu->regs[VCPU_RDX] = 0;
}

void vmcs_setup_guest(struct vcpu *vcpu, const struct vm_start *start, uint32_t sipi_vector)
{
    for (unsigned i = 0; i < VCPU_REGISTER_COUNT; i++) {
        vcpu->regs[i] = 0;
    }
    /* EDX identifies the processor after INIT. */
    vcpu->regs[VCPU_RDX] = cpu_cpuid(1, 0).eax;
    write_table(reset_state, ARRAY_SIZE(reset_state));
    vmcs_write(VMCS_VM_ENTRY_CONTROLS,
               vmcs_read(VMCS_VM_ENTRY_CONTROLS) & ~(uint64_t)VM_ENTRY_IA32E_MODE_GUEST);
    if (start == NULL) {
        setup_real_mode((uint16_t)(sipi_vector << 8), (uint64_t)sipi_vector << 12, 0);
    } else if (start->mode == VM_START_RESET) {
        setup_real_mode(0xf000, 0xffff0000, 0xfff0);
    } else {
        setup_flat(vcpu, start);
    }
}
