/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/fault_plan.c */
/* links: tests/unit/boot/config/fixture.c boot/config/%.c boot/image/%.c kernel/printf.c libfdt */
/*
 * Ports, MSRs, PCI functions and CPUID bits: what may be opened or hidden, and what never.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "boot/config/policy.h"
#include "drivers/guest_platform.h"
#include "tests/unit/boot/config/fixture.h"

static const struct vm_plan *vm = &config.vms[0].plan;

static void policy_tables_are_sorted_and_do_not_overlap(void **state)
{
    (void)state;
    static const struct config_policy_table *const tables[] = {&config_port_policy,
                                                               &config_msr_policy};
    for (size_t t = 0; t < 2; t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            const struct config_policy *row = &tables[t]->rows[i];
            assert_true(row->first <= row->last);
            assert_true(i == 0 || tables[t]->rows[i - 1].last < row->first);
            assert_ptr_equal(config_policy_find(tables[t], row->name), row);
            assert_int_equal(row->reason == NULL, row->rule == CONFIG_RULE_OPEN);
        }
    }
}

static void assert_never(const struct config_policy_table *table, uint32_t first, uint32_t last)
{
    for (uint32_t number = first; number <= last; number++) {
        const struct config_policy *row = config_policy_overlap(table, number, number);
        if (row == NULL || row->rule != CONFIG_RULE_NEVER) {
            fail_msg("0x%x can be opened", number);
        }
    }
}

static void ports_that_reach_everything_are_never_opened(void **state)
{
    (void)state;
    const struct config_policy_table *t = &config_port_policy;
    assert_never(t, 0xb2, 0xb3);   /* SMI */
    assert_never(t, 0xcf8, 0xcff); /* configuration space and 0xCF9 */
    assert_never(t, 0x64, 0x64);
    assert_never(t, 0x92, 0x92);
    assert_never(t, 0x0, 0xf); /* DMA */
    assert_never(t, 0x81, 0x8f);
    assert_never(t, 0xc0, 0xdf);
    assert_never(t, 0x8900, 0x8900);
}

static void ports_of_virtual_devices_are_never_opened(void **state)
{
    (void)state;
    const struct config_policy_table *t = &config_port_policy;
    assert_never(t, GUEST_UART_PORT, GUEST_UART_PORT + 7);
    assert_never(t, GUEST_RTC_PORT, GUEST_RTC_PORT + 1);
    assert_never(t, GUEST_PCI_CONFIG_PORT, GUEST_PCI_CONFIG_PORT + 7);
    assert_never(t, GUEST_SLEEP_CONTROL, GUEST_RESET_PORT);
    assert_never(t, GUEST_PM_TIMER, GUEST_PM_TIMER + 3);
    assert_never(t, GUEST_WATCHDOG_PORT, GUEST_WATCHDOG_PORT + 7);
    assert_never(t, GUEST_KBC_DATA, GUEST_KBC_DATA);
    assert_never(t, GUEST_KBC_COMMAND, GUEST_KBC_COMMAND);
    assert_never(t, GUEST_POST_PORT, GUEST_POST_PORT);
    assert_never(t, GUEST_FAST_RESET_PORT, GUEST_FAST_RESET_PORT);
    assert_never(t, GUEST_PIC_MASTER, GUEST_PIC_MASTER + 1);
    assert_never(t, GUEST_PIC_SLAVE, GUEST_PIC_SLAVE + 1);
    assert_never(t, GUEST_PIC_ELCR, GUEST_PIC_ELCR + 1);
    assert_never(t, GUEST_PIT_PORT, GUEST_PIT_PORT + 3);
    assert_never(t, GUEST_PORT_B, GUEST_PORT_B);
    assert_never(t, GUEST_DEBUG_PORT, GUEST_DEBUG_PORT);
}

static void msrs_that_reach_everything_are_never_opened(void **state)
{
    (void)state;
    const struct config_policy_table *t = &config_msr_policy;
    assert_never(t, 0x10, 0x10);   /* TIME_STAMP_COUNTER */
    assert_never(t, 0x1b, 0x1b);   /* APIC_BASE */
    assert_never(t, 0x3a, 0x3b);   /* FEATURE_CONTROL, TSC_ADJUST */
    assert_never(t, 0x79, 0x79);   /* BIOS_UPDT_TRIG */
    assert_never(t, 0x199, 0x199); /* PERF_CTL */
    assert_never(t, 0x1d9, 0x1d9); /* DEBUGCTL */
    assert_never(t, 0x1f2, 0x1f3); /* SMRR */
    assert_never(t, 0x200, 0x213); /* MTRRs */
    assert_never(t, 0x268, 0x26f);
    assert_never(t, 0x2ff, 0x2ff);
    assert_never(t, 0x480, 0x491); /* VMX */
    assert_never(t, 0x610, 0x610); /* RAPL */
    assert_never(t, 0x770, 0x770); /* PM_ENABLE */
    assert_never(t, 0x800, 0x8ff); /* x2APIC */
}

static void ports_are_opened_by_name_number_and_range(void **state)
{
    (void)state;
    parse_with("a { ports = \"com2\", \"888\", \"0x300-0x30f\"; };");
    assert_no_problems();
    assert_int_equal(vm->port_count, 3);
    assert_true(vm->ports[0].first == 0x2f8 && vm->ports[0].last == 0x2ff);
    assert_true(vm->ports[1].first == 888 && vm->ports[1].last == 888);
    assert_true(vm->ports[2].first == 0x300 && vm->ports[2].last == 0x30f);
}

static void a_range_that_holds_a_forbidden_port_is_refused(void **state)
{
    (void)state;
    parse_with("a { ports = \"0xcf0-0xd00\"; };");
    assert_report("error: /chosen/hypervisor/a: ports = \"0xcf0-0xd00\": is never opened: PCI "
                  "configuration space is filtered for each VM, and 0xcf9 resets the machine; "
                  "leave 0xcf8-0xcff (pci-config) out",
                  NULL);
    assert_int_equal(vm->port_count, 0);
}

static void a_port_out_of_range_is_refused(void **state)
{
    (void)state;
    parse_with("a { ports = \"0x10000\"; };");
    assert_report("error: /chosen/hypervisor/a: ports = \"0x10000\": is not a range within 0 to "
                  "0xffff; write a number or FIRST-LAST, as in ports = \"com2\", \"0x378-0x37a\"",
                  NULL);
}

static void an_unknown_port_name_is_refused(void **state)
{
    (void)state;
    parse_with("a { ports = \"com5\", \"sensor\"; };");
    assert_report("error: /chosen/hypervisor/a: ports = \"com5\": is neither a known name nor a "
                  "range; did you mean \"com4\"?",
                  "error: /chosen/hypervisor/a: ports = \"sensor\": is neither a known name nor a "
                  "range; write a number or FIRST-LAST, as in ports = \"com2\", \"0x378-0x37a\"",
                  NULL);
}

static void doubtful_ports_are_warned_of(void **state)
{
    (void)state;
    parse_with("a { ports = \"superio\"; };");
    assert_report("warning: /chosen/hypervisor/a: ports = \"superio\": holds 0x2e-0x2f (superio): "
                  "the Super I/O chip can move and switch off other devices",
                  NULL);
    assert_int_equal(vm->port_count, 1);
}

static void a_port_twice_in_one_vm_is_refused(void **state)
{
    (void)state;
    parse_with("a { ports = \"com2\", \"0x2ff-0x300\"; };");
    assert_report("error: /chosen/hypervisor/a: ports = \"0x2ff-0x300\": holds ports that are "
                  "already given; name each port once",
                  NULL);
}

static void msrs_are_opened_for_reading_or_writing(void **state)
{
    (void)state;
    parse_with("a { msrs-write = \"IA32_PMC0\"; msrs = \"MSR_SMI_COUNT\", \"0x1a6-0x1a7\"; };");
    assert_no_problems();
    assert_int_equal(vm->msr_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(vm->msrs[i].write, vm->msrs[i].first == 0xc1);
    }
}

static void an_unknown_msr_for_writing_is_warned_of(void **state)
{
    (void)state;
    parse_with("a { msrs-write = \"0x1a6\"; };");
    assert_report("warning: /chosen/hypervisor/a: msrs-write = \"0x1a6\": is not known to "
                  "Bulkhead; make sure that writing it affects no other CPU",
                  NULL);
    assert_int_equal(vm->msr_count, 1);
}

static void an_msr_for_reading_only_is_not_opened_for_writing(void **state)
{
    (void)state;
    parse_with("a { msrs = \"IA32_THERM_STATUS\"; };");
    assert_no_problems();
    assert_int_equal(vm->msr_count, 1);
    parse_with("a { msrs-write = \"IA32_THERM_STATUS\"; };");
    assert_int_equal(report.errors, 1);
    assert_int_equal(vm->msr_count, 0);
}

static void an_msr_that_every_vm_has_is_warned_of(void **state)
{
    (void)state;
    parse_with("a { msrs = \"IA32_EFER\"; };");
    assert_report("warning: /chosen/hypervisor/a: msrs = \"IA32_EFER\": holds "
                  "0xc0000080-0xc0000084 (IA32_EFER): every VM has it already",
                  NULL);
}

static void an_msr_name_is_corrected(void **state)
{
    (void)state;
    parse_with("a { msrs = \"IA32_APREF\"; };");
    assert_report("error: /chosen/hypervisor/a: msrs = \"IA32_APREF\": is neither a known name nor "
                  "a range; did you mean \"IA32_APERF\"?",
                  NULL);
}

static void all_msrs_at_once_are_refused(void **state)
{
    (void)state;
    parse_with("a { msrs = \"0-0xffffffff\"; };");
    assert_int_equal(report.errors, 1);
    assert_int_equal(vm->msr_count, 0);
}

static void an_msr_in_both_lists_is_refused(void **state)
{
    (void)state;
    parse_with("a { msrs = \"IA32_APERF\"; msrs-write = \"0xe7-0xe8\"; };");
    assert_int_equal(report.errors, 1);
    assert_string_equal(report.problems[0].what, "holds MSRs that are already given");
    assert_string_equal(report.problems[0].remedy,
                        "name each MSR once; msrs-write includes reading");
}

static void more_than_16_msr_ranges_are_refused(void **state)
{
    (void)state;
    parse_with("a { msrs = \"0x5000\", \"0x5001\", \"0x5002\", \"0x5003\", \"0x5004\", \"0x5005\", "
               "\"0x5006\", \"0x5007\", \"0x5008\"; msrs-write = \"IA32_PMC0\", \"IA32_PMC1\", "
               "\"IA32_PMC2\", \"IA32_PMC3\", \"IA32_APERF\", \"IA32_MPERF\", "
               "\"IA32_PERFEVTSEL0\", \"IA32_PERFEVTSEL1\"; };");
    assert_int_equal(report.errors, 1);
    assert_string_equal(report.problems[0].what,
                        "is one range more than the 16 of msrs and msrs-write");
    assert_int_equal(vm->msr_count, VM_MSR_MAX);
}

static void a_pci_function_twice_in_one_vm_is_refused(void **state)
{
    (void)state;
    parse_with("a { unsafe-dma; pci = \"00:02.0\", \"0000:00:02.0\"; };");
    assert_report("error: /chosen/hypervisor/a: pci = \"0000:00:02.0\": is given twice to this VM; "
                  "name it once",
                  NULL);
}

static void cpuid_bits_are_hidden_by_name_and_by_leaf(void **state)
{
    (void)state;
    parse_with("a { cpuid-hide = \"avx512f\", \"0x7:edx[8]\", \"0xd.1:eax[3:1]\", "
               "\"0x80000008:ebx\"; };");
    assert_no_problems();
    assert_int_equal(vm->cpuid_hide_count, 4);
    const struct vm_cpuid_hide *h = vm->cpuid_hide;
    assert_true(h[0].leaf == 7 && h[0].subleaf == 0 && h[0].reg == 1 && h[0].mask == 1u << 16);
    assert_true(h[1].leaf == 7 && h[1].reg == 3 && h[1].mask == 1u << 8);
    assert_true(h[2].leaf == 0xd && h[2].subleaf == 1 && h[2].reg == 0 && h[2].mask == 0xe);
    assert_true(h[3].leaf == 0x80000008 && h[3].reg == 1 && h[3].mask == UINT32_MAX);
}

static void raw_cpuid_forms_that_are_wrong_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "0x7",          "0x7:",         "0x7:efx",        "0x7:ebx[32]",
        "0x7:ebx[1:2]", "0x7:ebx[1",    "0x7:ebx[]",      "0x7:ebx[1]x",
        "0x7.:ebx[1]",  "0x7.0ebx[1]",  ":ebx[1]",        "0x100000000:eax",
        "0x7:ebx[3:]",  "0x7.x:ebx[1]", "0x7:ebx[1:1:1]", "00000000000000000007:eax",
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct vm_cpuid_hide hide;
        if (config_parse_cpuid(wrong[i], &hide)) {
            fail_msg("%s is taken", wrong[i]);
        }
    }
}

static void hiding_what_guests_need_is_warned_of(void **state)
{
    (void)state;
    parse_with("a { cpuid-hide = \"0x1:ecx[23:21]\"; };");
    assert_report("warning: /chosen/hypervisor/a: cpuid-hide = \"0x1:ecx[23:21]\": hides x2apic, "
                  "without which few guests run under Bulkhead",
                  NULL);
}

static void guests_need_what_64_bit_systems_and_x2apic_need(void **state)
{
    (void)state;
    static const char *const needed[] = {
        "fpu",        "tsc",     "msr", "pae",  "cx8",    "apic",
        "cmov",       "fxsr",    "sse", "sse2", "x2apic", "tsc_deadline_timer",
        "hypervisor", "syscall", "lm",
    };
    size_t next = 0;
    for (size_t i = 0; i < config_cpuid_feature_count; i++) {
        if (config_cpuid_features[i].needed) {
            assert_true(next < ARRAY_SIZE(needed));
            assert_string_equal(config_cpuid_features[i].name, needed[next++]);
        }
    }
    assert_int_equal(next, ARRAY_SIZE(needed));
}

static void cpuid_features_are_named_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_cpuid_feature_count; i++) {
        const struct config_cpuid_feature *f = &config_cpuid_features[i];
        assert_ptr_equal(config_cpuid_find_bit(f->leaf, f->subleaf, f->reg, f->bit), f);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(f->name, config_cpuid_features[j].name);
        }
    }
}

static int forget(void **state)
{
    (void)state;
    tree_forget();
    return 0;
}

static void poison_is_counted_over_all_strings(void **state)
{
    (void)state;
    parse_with("a { faults; fault-plan = \"poison=0x1 poison=0x2 poison=0x3 poison=0x4\", "
               "\"poison=0x5 poison=0x6 poison=0x7 poison=0x8\"; };");
    assert_no_problems();
    parse_with("a { faults; fault-plan = \"poison=0x1 poison=0x2 poison=0x3 poison=0x4\", "
               "\"poison=0x5 poison=0x6 poison=0x7 poison=0x8 poison=0x9\"; };");
    assert_report(
        "error: /chosen/hypervisor/a: fault-plan = \"poison=0x9\": is one too many: at most "
        "8 pages; leave something out",
        NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy_tables_are_sorted_and_do_not_overlap),
        cmocka_unit_test(ports_that_reach_everything_are_never_opened),
        cmocka_unit_test(ports_of_virtual_devices_are_never_opened),
        cmocka_unit_test(msrs_that_reach_everything_are_never_opened),
        cmocka_unit_test(ports_are_opened_by_name_number_and_range),
        cmocka_unit_test(a_range_that_holds_a_forbidden_port_is_refused),
        cmocka_unit_test(a_port_out_of_range_is_refused),
        cmocka_unit_test(an_unknown_port_name_is_refused),
        cmocka_unit_test(doubtful_ports_are_warned_of),
        cmocka_unit_test(a_port_twice_in_one_vm_is_refused),
        cmocka_unit_test(msrs_are_opened_for_reading_or_writing),
        cmocka_unit_test(an_unknown_msr_for_writing_is_warned_of),
        cmocka_unit_test(an_msr_for_reading_only_is_not_opened_for_writing),
        cmocka_unit_test(an_msr_that_every_vm_has_is_warned_of),
        cmocka_unit_test(an_msr_name_is_corrected),
        cmocka_unit_test(all_msrs_at_once_are_refused),
        cmocka_unit_test(an_msr_in_both_lists_is_refused),
        cmocka_unit_test(more_than_16_msr_ranges_are_refused),
        cmocka_unit_test(a_pci_function_twice_in_one_vm_is_refused),
        cmocka_unit_test(cpuid_bits_are_hidden_by_name_and_by_leaf),
        cmocka_unit_test(raw_cpuid_forms_that_are_wrong_are_refused),
        cmocka_unit_test(hiding_what_guests_need_is_warned_of),
        cmocka_unit_test(guests_need_what_64_bit_systems_and_x2apic_need),
        cmocka_unit_test(cpuid_features_are_named_once),
        cmocka_unit_test(poison_is_counted_over_all_strings),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
