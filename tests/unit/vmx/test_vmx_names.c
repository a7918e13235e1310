/* SPDX-License-Identifier: Apache-2.0 */
/* links: vmx/vmx_names.c */
/* Names of exit reasons, errors and fields; encodings checked against how the manual builds them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vmx/vmx_defs.h"
#include "vmx/vmx_names.h"

static void reasons_have_the_manuals_numbers(void **state)
{
    (void)state;
    assert_string_equal(vmx_exit_reason_name(0), "exception or NMI");
    assert_string_equal(vmx_exit_reason_name(10), "CPUID");
    assert_string_equal(vmx_exit_reason_name(18), "VMCALL");
    assert_string_equal(vmx_exit_reason_name(28), "control-register access");
    assert_string_equal(vmx_exit_reason_name(30), "I/O instruction");
    assert_string_equal(vmx_exit_reason_name(48), "EPT violation");
    assert_string_equal(vmx_exit_reason_name(52), "VMX-preemption timer");
    assert_string_equal(vmx_exit_reason_name(55), "XSETBV");
    assert_string_equal(vmx_exit_reason_name(74), "bus lock");
}

static void flags_beside_the_reason_do_not_matter(void **state)
{
    (void)state;
    assert_string_equal(vmx_exit_reason_name(0x80000021), "VM-entry failure, invalid guest state");
    assert_string_equal(vmx_exit_reason_name(EXIT_REASON_FLAG_BUS_LOCK | 12), "HLT");
}

static void reasons_the_manual_leaves_out_are_unknown(void **state)
{
    (void)state;
    static const uint32_t holes[] = {35, 38, 42, 71, 82, 83, 86, 0xffff};
    for (size_t i = 0; i < ARRAY_SIZE(holes); i++) {
        assert_string_equal(vmx_exit_reason_name(holes[i]), "unknown");
    }
    unsigned known = 0;
    for (uint32_t reason = 0; reason < EXIT_REASON_COUNT; reason++) {
        known += strcmp(vmx_exit_reason_name(reason), "unknown") != 0;
    }
    assert_int_equal(known, EXIT_REASON_COUNT - 6);
}

static void instruction_errors_have_the_manuals_numbers(void **state)
{
    (void)state;
    assert_string_equal(vmx_instruction_error_name(7), "VM entry with invalid control field(s)");
    assert_string_equal(vmx_instruction_error_name(8), "VM entry with invalid host-state field(s)");
    assert_string_equal(vmx_instruction_error_name(28), "invalid operand to INVEPT/INVVPID");
    static const uint32_t holes[] = {0, 14, 21, 27, 29, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_SIZE(holes); i++) {
        assert_string_equal(vmx_instruction_error_name(holes[i]), "unknown");
    }
}

static void entry_failures_are_told_by_qualification(void **state)
{
    (void)state;
    assert_string_equal(vmx_entry_failure_name(0), "a guest-state field");
    assert_string_equal(vmx_entry_failure_name(1), "unknown");
    assert_string_equal(vmx_entry_failure_name(2), "loading the PDPTEs");
    assert_string_equal(vmx_entry_failure_name(4), "the VMCS link pointer");
    assert_string_equal(vmx_entry_failure_name(UINT64_MAX), "unknown");
}

static void no_field_is_listed_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < vmx_guest_field_count; i++) {
        for (size_t j = i + 1; j < vmx_guest_field_count; j++) {
            assert_int_not_equal(vmx_guest_fields[i].field, vmx_guest_fields[j].field);
            assert_string_not_equal(vmx_guest_fields[i].name, vmx_guest_fields[j].name);
        }
    }
}

static void listed_fields_are_of_their_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < vmx_guest_field_count; i++) {
        assert_int_equal(FIELD_GET(VMCS_FIELD_TYPE, vmx_guest_fields[i].field), VMCS_TYPE_GUEST);
    }
    for (size_t i = 0; i < vmx_exit_field_count; i++) {
        assert_int_equal(FIELD_GET(VMCS_FIELD_TYPE, vmx_exit_fields[i].field), VMCS_TYPE_EXIT);
    }
}

/* "Structure of VMCS Component Encoding": width, type, index. */
static void encodings_are_built_as_the_manual_says(void **state)
{
    (void)state;
    static const struct {
        uint32_t field;
        uint32_t width;
        uint32_t type;
        uint32_t index;
    } fields[] = {
        {VMCS_VPID, VMCS_WIDTH_16, VMCS_TYPE_CONTROL, 0},
        {VMCS_VIRTUAL_TIMER_VECTOR, VMCS_WIDTH_16, VMCS_TYPE_CONTROL, 5},
        {VMCS_GUEST_TR_SELECTOR, VMCS_WIDTH_16, VMCS_TYPE_GUEST, 7},
        {VMCS_GUEST_UINV, VMCS_WIDTH_16, VMCS_TYPE_GUEST, 10},
        {VMCS_HOST_TR_SELECTOR, VMCS_WIDTH_16, VMCS_TYPE_HOST, 6},
        {VMCS_MSR_BITMAP, VMCS_WIDTH_64, VMCS_TYPE_CONTROL, 2},
        {VMCS_EPT_POINTER, VMCS_WIDTH_64, VMCS_TYPE_CONTROL, 13},
        {VMCS_SECONDARY_VM_EXIT_CONTROLS, VMCS_WIDTH_64, VMCS_TYPE_CONTROL, 34},
        {VMCS_GUEST_PHYSICAL_ADDRESS, VMCS_WIDTH_64, VMCS_TYPE_EXIT, 0},
        {VMCS_GUEST_IA32_EFER, VMCS_WIDTH_64, VMCS_TYPE_GUEST, 3},
        {VMCS_GUEST_PDPTE3, VMCS_WIDTH_64, VMCS_TYPE_GUEST, 8},
        {VMCS_GUEST_IA32_PKRS, VMCS_WIDTH_64, VMCS_TYPE_GUEST, 12},
        {VMCS_HOST_IA32_EFER, VMCS_WIDTH_64, VMCS_TYPE_HOST, 1},
        {VMCS_SECONDARY_PROCBASED_CONTROLS, VMCS_WIDTH_32, VMCS_TYPE_CONTROL, 15},
        {VMCS_VM_EXIT_INSTRUCTION_INFO, VMCS_WIDTH_32, VMCS_TYPE_EXIT, 7},
        {VMCS_GUEST_TR_ACCESS_RIGHTS, VMCS_WIDTH_32, VMCS_TYPE_GUEST, 17},
        {VMCS_PREEMPTION_TIMER_VALUE, VMCS_WIDTH_32, VMCS_TYPE_GUEST, 23},
        {VMCS_HOST_IA32_SYSENTER_CS, VMCS_WIDTH_32, VMCS_TYPE_HOST, 0},
        {VMCS_CR4_READ_SHADOW, VMCS_WIDTH_NATURAL, VMCS_TYPE_CONTROL, 3},
        {VMCS_GUEST_LINEAR_ADDRESS, VMCS_WIDTH_NATURAL, VMCS_TYPE_EXIT, 5},
        {VMCS_GUEST_RIP, VMCS_WIDTH_NATURAL, VMCS_TYPE_GUEST, 15},
        {VMCS_GUEST_IA32_INTERRUPT_SSP_TABLE, VMCS_WIDTH_NATURAL, VMCS_TYPE_GUEST, 22},
        {VMCS_HOST_RIP, VMCS_WIDTH_NATURAL, VMCS_TYPE_HOST, 11},
        {VMCS_HOST_IA32_INTERRUPT_SSP_TABLE, VMCS_WIDTH_NATURAL, VMCS_TYPE_HOST, 14},
    };
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        assert_int_equal(FIELD_GET(VMCS_FIELD_WIDTH, fields[i].field), fields[i].width);
        assert_int_equal(FIELD_GET(VMCS_FIELD_TYPE, fields[i].field), fields[i].type);
        assert_int_equal(FIELD_GET(VMCS_FIELD_INDEX, fields[i].field), fields[i].index);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons_have_the_manuals_numbers),
        cmocka_unit_test(flags_beside_the_reason_do_not_matter),
        cmocka_unit_test(reasons_the_manual_leaves_out_are_unknown),
        cmocka_unit_test(instruction_errors_have_the_manuals_numbers),
        cmocka_unit_test(entry_failures_are_told_by_qualification),
        cmocka_unit_test(no_field_is_listed_twice),
        cmocka_unit_test(listed_fields_are_of_their_type),
        cmocka_unit_test(encodings_are_built_as_the_manual_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
