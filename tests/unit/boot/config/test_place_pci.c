/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/fault_plan.c */
/* links: tests/unit/boot/config/fixture.c boot/config/%.c boot/image/%.c kernel/printf.c libfdt */
/*
 * Which BARs can be given to a VM, and where it finds its functions and their interrupts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/boot/config/fixture.h"

#define A "a { unsafe-dma; pci = \"00:02.0\"; }; "
#define B                                                                                          \
    "b { compatible = \"bulkhead,domain\"; cpus = <1>; memory = \"64M\"; unsafe-dma; "             \
    "kernel { compatible = \"module,kernel\"; file = \"k\"; }; };"
#define REFUSED "error: /chosen/hypervisor/a: pci = \"00:02.0\" BAR 0 at 0x"

static struct config_pci *nic; /* 00:02.0 */

static struct config_pci *add(uint8_t bus, uint8_t device, uint8_t function)
{
    struct config_pci *pci = &machine.pci[machine.pci_count++];
    *pci = (struct config_pci){
        .function = {.bus = bus, .device = device, .function = function, .intx = 1},
        .class_code = 0x020000,
        .line = 11,
        .probed = true};
    return pci;
}

static void memory_bar(struct config_pci *pci, unsigned index, uint64_t address, uint64_t size)
{
    pci->function.bars[index] = (struct vm_pci_bar){address, size, false};
}

static void io_bar(struct config_pci *pci, unsigned index, uint64_t address, uint64_t size)
{
    pci->function.bars[index] = (struct vm_pci_bar){address, size, true};
}

static int begin(void **state)
{
    (void)state;
    machine_with("");
    machine.pci_known = true;
    machine.pci_count = 0;
    machine.ioapic = true;
    nic = add(0, 2, 0);
    memory_bar(nic, 0, 0x80000000, 0x20000);
    io_bar(nic, 1, 0xC000, 32);
    return 0;
}

/* Placing fails, and the only complaint is this, about BAR 0 of the card. */
static void refused(const char *rest)
{
    char line[CONFIG_LINE_SIZE];
    assert_false(place_with(A));
    snprintf(line, sizeof(line), REFUSED "%s", rest);
    assert_report(line, NULL);
}

static void a_function_keeps_bars_and_number_and_gets_a_gsi(void **state)
{
    (void)state;
    assert_true(place_with(A));
    assert_no_problems();
    const struct vm_pci_function *f = &placed.vms[0].pci[0];
    assert_int_equal(f->guest_device, 2);
    assert_int_equal(f->intx, 1);
    assert_int_equal(f->pin, 11);
    assert_int_equal(f->gsi, 16);
    assert_memory_equal(f->bars, nic->function.bars, sizeof(f->bars));
}

static void numbers_that_are_taken_give_way_to_free_ones(void **state)
{
    (void)state;
    add(1, 0, 0)->line = 10;
    add(2, 2, 1)->line = 11;
    assert_true(place_with("a { unsafe-dma; pci = \"00:02.0\", \"01:00.0\", \"02:02.1\"; };"));
    assert_no_problems();
    const struct vm_pci_function *f = placed.vms[0].pci;
    assert_int_equal(f[1].guest_device, 1); /* 0 is the host bridge */
    assert_int_equal(f[2].guest_device, 3);
    assert_int_equal(f[1].gsi, 17);
    assert_int_equal(f[2].gsi, 16); /* shares the line with the first */
}

static void a_line_of_two_vms_is_refused(void **state)
{
    (void)state;
    add(0, 5, 0);
    assert_false(place_with(A B "b { pci = \"00:05.0\"; };"));
    assert_report("error: /chosen/hypervisor/b: pci = \"00:05.0\": shares interrupt line 11 with "
                  "00:02.0 of a; give both to one VM, or leave one out",
                  NULL);
    machine.pci[1].line = 10;
    assert_true(place_with(A B "b { pci = \"00:05.0\"; };"));
    assert_int_equal(placed.vms[1].pci[0].gsi, 16);
    assert_int_equal(placed.vms[1].pci[0].pin, 10);
}

static void without_a_line_msi_remains(void **state)
{
    (void)state;
    static const uint8_t lines[] = {0, 16, 0xFF};
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        nic->line = lines[i];
        assert_true(place_with(A));
        assert_report(
            "warning: /chosen/hypervisor/a: pci = \"00:02.0\": has no interrupt line that "
            "Bulkhead can route; its driver must use MSI",
            NULL);
        assert_int_equal(placed.vms[0].pci[0].gsi, VM_PCI_NO_PIN);
        assert_int_equal(placed.vms[0].pci[0].pin, VM_PCI_NO_PIN);
    }
    nic->function.intx = 0;
    assert_true(place_with(A));
    assert_no_problems();
}

static void a_bar_without_address_is_refused(void **state)
{
    (void)state;
    memory_bar(nic, 0, 0, 0x4000);
    refused("0: has no address: the firmware has not placed it; look for a setting of the "
            "firmware, such as decoding above 4 GiB");
}

static void a_page_shared_with_another_function_is_refused(void **state)
{
    (void)state;
    memory_bar(nic, 0, 0x80000000, 0x100);
    memory_bar(add(0, 3, 0), 5, 0x80000800, 1);
    refused("80000000: shares a page of 4 KiB with BAR 5 of 00:03.0; the firmware would have to "
            "place them apart");
    memory_bar(&machine.pci[1], 5, 0x80001000, 1);
    assert_true(place_with(A));
}

static void small_bars_of_one_function_may_share_a_page(void **state)
{
    (void)state;
    memory_bar(nic, 0, 0x80000000, 0x100);
    memory_bar(nic, 2, 0x80000100, 0x100);
    assert_true(place_with(A));
    assert_no_problems();
}

static void what_else_answers_there_is_named(void **state)
{
    (void)state;
    machine.kept[machine.kept_count++] =
        (struct config_kept){0x80010000, PAGE_SIZE, "the machine's IOAPIC"};
    refused("80000000: overlaps the machine's IOAPIC; leave the function out");
}

static void ram_is_not_given_as_a_bar(void **state)
{
    (void)state;
    memory_bar(nic, 0, 0x30000000, 0x1000);
    assert_false(place_with(A));
    assert_int_equal(report.errors, 1);
    assert_non_null(strstr(report.problems[0].what, "overlaps RAM of the machine"));
}

static void a_bar_among_the_guests_own_devices_is_refused(void **state)
{
    (void)state;
    memory_bar(nic, 0, 0xFEC00000, 0x1000);
    assert_false(place_with(A));
    memory_bar(nic, 0, 0xFEB00000, 0x100000);
    assert_true(place_with(A));
    memory_bar(nic, 0, 0xFFFFF000, 0x1000);
    assert_false(place_with(A));
    memory_bar(nic, 0, 0x4000000000, 0x10000000);
    assert_true(place_with(A));
}

static void a_bar_below_the_vms_ram_is_refused(void **state)
{
    (void)state;
    memory_bar(nic, 0, 0xA0000, 0x20000);
    refused("a0000: does not lie behind the VM's RAM, below 0xfec00000 or above 4 GiB; give the VM "
            "less memory");
}

static void ports_that_are_never_opened_are_refused(void **state)
{
    (void)state;
    io_bar(nic, 1, 0xCE0, 32);
    assert_false(place_with(A));
    assert_report("error: /chosen/hypervisor/a: pci = \"00:02.0\" BAR 1 at 0xce0: holds ports that "
                  "are never opened, or another VM's: pci-config; leave the function out",
                  NULL);
}

static void ports_of_the_machine_and_of_others_are_refused(void **state)
{
    (void)state;
    machine.ports[machine.port_count++] =
        (struct config_port_reserved){0xC010, 0xC011, "the reset register"};
    assert_false(place_with(A));
    assert_non_null(strstr(report.problems[0].what, "the reset register"));
    machine.port_count--;
    io_bar(add(0, 3, 0), 0, 0xC01F, 1);
    assert_false(place_with(A));
    assert_non_null(strstr(report.problems[0].what, "shares ports with BAR 0 of 00:03.0"));
    machine.pci_count--;
    io_bar(nic, 1, 0x378, 8);
    assert_false(place_with(
        A "b { compatible = \"bulkhead,domain\"; cpus = <1>; memory = \"64M\"; ports = \"lpt1\"; "
          "kernel { compatible = \"module,kernel\"; file = \"k\"; }; };"));
    assert_non_null(strstr(report.problems[0].what, "another VM's: b"));
}

static void a_described_machine_has_no_bars_to_check(void **state)
{
    (void)state;
    machine_with("");
    assert_true(place_with("a { unsafe-dma; pci = \"00:03.0\"; };"));
    assert_no_problems();
    assert_int_equal(placed.vms[0].pci[0].guest_device, 3);
    assert_int_equal(placed.vms[0].pci[0].gsi, VM_PCI_NO_PIN);
    assert_int_equal(placed.vms[0].pci[0].bars[0].size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_function_keeps_bars_and_number_and_gets_a_gsi, begin),
        cmocka_unit_test_setup(numbers_that_are_taken_give_way_to_free_ones, begin),
        cmocka_unit_test_setup(a_line_of_two_vms_is_refused, begin),
        cmocka_unit_test_setup(without_a_line_msi_remains, begin),
        cmocka_unit_test_setup(a_bar_without_address_is_refused, begin),
        cmocka_unit_test_setup(a_page_shared_with_another_function_is_refused, begin),
        cmocka_unit_test_setup(small_bars_of_one_function_may_share_a_page, begin),
        cmocka_unit_test_setup(what_else_answers_there_is_named, begin),
        cmocka_unit_test_setup(ram_is_not_given_as_a_bar, begin),
        cmocka_unit_test_setup(a_bar_among_the_guests_own_devices_is_refused, begin),
        cmocka_unit_test_setup(a_bar_below_the_vms_ram_is_refused, begin),
        cmocka_unit_test_setup(ports_that_are_never_opened_are_refused, begin),
        cmocka_unit_test_setup(ports_of_the_machine_and_of_others_are_refused, begin),
        cmocka_unit_test_setup(a_described_machine_has_no_bars_to_check, begin),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tree_forget();
    return failed;
}
