/* SPDX-License-Identifier: Apache-2.0 */
/* links: vmx/controls.c vmx/features.c vmx/feature_table.c kernel/printf.c kernel/string.c */
/* The control values chosen from capability MSRs: must-be-1, wanted and allowed, never more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/vmx/bochs_caps.h"
#include "vmx/vmx_defs.h"

static void haswell_gets_exactly_these_controls(void **state)
{
    (void)state;
    struct vmx_controls c = vmx_controls_choose(&bochs_haswell_4770);
    assert_int_equal(c.pinbased, 0x16 | PIN_BASED_NMI_EXITING | PIN_BASED_VIRTUAL_NMIS);
    assert_int_equal(c.procbased, 0x04006172 | CPU_BASED_MWAIT_EXITING | CPU_BASED_RDPMC_EXITING |
                                      CPU_BASED_USE_IO_BITMAPS | CPU_BASED_USE_MSR_BITMAPS |
                                      CPU_BASED_MONITOR_EXITING |
                                      CPU_BASED_ACTIVATE_SECONDARY_CONTROLS);
    assert_int_equal(c.procbased2, SECONDARY_ENABLE_EPT | SECONDARY_ENABLE_RDTSCP |
                                       SECONDARY_ENABLE_VPID | SECONDARY_WBINVD_EXITING |
                                       SECONDARY_UNRESTRICTED_GUEST | SECONDARY_ENABLE_INVPCID);
    assert_int_equal(c.exit, 0x36dfb | VM_EXIT_SAVE_DEBUG_CONTROLS |
                                 VM_EXIT_HOST_ADDRESS_SPACE_SIZE | VM_EXIT_SAVE_IA32_PAT |
                                 VM_EXIT_LOAD_IA32_PAT | VM_EXIT_SAVE_IA32_EFER |
                                 VM_EXIT_LOAD_IA32_EFER);
    assert_int_equal(c.entry, 0x11fb | VM_ENTRY_LOAD_DEBUG_CONTROLS | VM_ENTRY_LOAD_IA32_PAT |
                                  VM_ENTRY_LOAD_IA32_EFER);
}

static void wanted_controls_are_set_where_they_exist(void **state)
{
    (void)state;
    struct vmx_controls c = vmx_controls_choose(&bochs_skylake_x);
    assert_true(c.procbased2 & SECONDARY_ENABLE_XSAVES_XRSTORS);
    struct vmx_caps caps = bochs_skylake_x;
    caps.procbased2 &= ~((uint64_t)SECONDARY_ENABLE_INVPCID << 32);
    c = vmx_controls_choose(&caps);
    assert_false(c.procbased2 & SECONDARY_ENABLE_INVPCID);
}

static void controls_that_must_be_1_are_1(void **state)
{
    (void)state;
    struct vmx_caps caps = bochs_haswell_4770;
    caps.procbased |= CPU_BASED_CR3_LOAD_EXITING;
    assert_true(vmx_controls_choose(&caps).procbased & CPU_BASED_CR3_LOAD_EXITING);
}

static void no_control_is_set_that_the_processor_forbids(void **state)
{
    (void)state;
    const struct vmx_caps nothing = {0};
    struct vmx_controls c = vmx_controls_choose(&nothing);
    assert_int_equal(c.pinbased | c.procbased | c.procbased2 | c.exit | c.entry, 0);
}

static void controls_of_the_running_guest_start_at_0(void **state)
{
    (void)state;
    struct vmx_controls c = vmx_controls_choose(&bochs_skylake_x);
    assert_false(c.pinbased &
                 (PIN_BASED_VMX_PREEMPTION_TIMER | PIN_BASED_EXTERNAL_INTERRUPT_EXITING));
    assert_false(c.procbased & (CPU_BASED_INTERRUPT_WINDOW_EXITING | CPU_BASED_HLT_EXITING |
                                CPU_BASED_NMI_WINDOW_EXITING | CPU_BASED_CR3_LOAD_EXITING |
                                CPU_BASED_CR3_STORE_EXITING | CPU_BASED_MONITOR_TRAP_FLAG));
    assert_false(c.exit & VM_EXIT_SAVE_VMX_PREEMPTION_TIMER);
    assert_false(c.entry & VM_ENTRY_IA32E_MODE_GUEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(haswell_gets_exactly_these_controls),
        cmocka_unit_test(wanted_controls_are_set_where_they_exist),
        cmocka_unit_test(controls_that_must_be_1_are_1),
        cmocka_unit_test(no_control_is_set_that_the_processor_forbids),
        cmocka_unit_test(controls_of_the_running_guest_start_at_0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
