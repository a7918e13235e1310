/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/acpi.c boot/acpi_topology.c boot/acpi_platform.c boot/acpi_aml.c */
/* links: tests/unit/boot/acpi_build.c */
/* S5's sleep types in AML bytes: the forms that compilers make, and look-alikes that must not
 * count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot/acpi.h"
#include "tests/unit/boot/acpi_build.h"

#define NAME 0x08, '_', 'S', '5', '_'

static struct acpi_machine machine;

/* Whether an SSDT with these bytes yields S5; the types are then in machine.platform. */
static bool find(const uint8_t *aml, size_t size)
{
    acpi_build_begin();
    acpi_build_table("SSDT", 2, aml, (uint32_t)size);
    acpi_build_end(2);
    assert_true(acpi_build_read(&machine));
    assert_int_equal(machine.complaint_count, 0);
    return machine.platform.s5_known;
}

#define FIND(...) find((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void assert_types(unsigned a, unsigned b)
{
    assert_int_equal(machine.platform.s5_type_a, a);
    assert_int_equal(machine.platform.s5_type_b, b);
}

static void every_form_of_integer_is_read(void **state)
{
    (void)state;
    assert_true(FIND(NAME, 0x12, 0x06, 0x04, 0x00, 0x01, 0x00, 0x00));
    assert_types(0, 1);
    assert_true(FIND(NAME, 0x12, 0x08, 0x04, 0x0A, 0x05, 0x0A, 0x07, 0x00, 0x00));
    assert_types(5, 7);
    assert_true(FIND(NAME, 0x12, 0x0A, 0x02, 0x0B, 0x03, 0x00, 0x0C, 0x04, 0x00, 0x00, 0x00));
    assert_types(3, 4);
    assert_true(FIND(NAME, 0x12, 0x0C, 0x02, 0x0E, 0x02, 0, 0, 0, 0, 0, 0, 0, 0x01));
    assert_types(2, 1);
}

static void a_root_prefix_and_longer_package_lengths_are_read(void **state)
{
    (void)state;
    assert_true(FIND(0x08, 0x5C, '_', 'S', '5', '_', 0x12, 0x06, 0x02, 0x0A, 5, 0x0A, 5));
    assert_types(5, 5);
    assert_true(FIND(NAME, 0x12, 0x47, 0x00, 0x02, 0x0A, 6, 0x0A, 6));
    assert_types(6, 6);
    assert_true(FIND(NAME, 0x12, 0x41, 0x01, 2, 0x0A, 1, 0x0A, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    assert_types(1, 2);
    assert_true(FIND(NAME, 0x12, 0x88, 0x00, 0x00, 0x02, 0x0A, 4, 0x0A, 4));
    assert_types(4, 4);
    assert_true(FIND(NAME, 0x12, 0xC9, 0x00, 0x00, 0x00, 0x02, 0x0A, 3, 0x0A, 3));
    assert_types(3, 3);
}

static void one_integer_may_hold_both_types(void **state)
{
    (void)state;
    assert_true(FIND(NAME, 0x12, 0x05, 0x01, 0x0B, 0x05, 0x06));
    assert_types(5, 6);
}

static void look_alikes_do_not_count(void **state)
{
    (void)state;
    assert_false(FIND('_', 'S', '5', '_', 0x12, 0x06, 0x02, 0x0A, 5, 0x0A, 5)); /* no NameOp */
    assert_false(FIND(0x08, '_', 'S', '4', '_', 0x12, 0x06, 0x02, 0x0A, 5, 0x0A, 5));
    assert_false(FIND(NAME, 0x11, 0x06, 0x02, 0x0A, 5, 0x0A, 5)); /* a buffer */
    assert_false(FIND(NAME, 0x12, 0x06, 0x02, 0x0A, 8, 0x0A, 5)); /* 4 bits */
    assert_false(FIND(NAME, 0x12, 0x06, 0x02, 0x0A, 5, 0x0A, 9));
    assert_false(FIND(NAME, 0x12, 0x05, 0x01, 0x0B, 0x05, 0x08));
    assert_false(FIND(NAME, 0x12, 0x02, 0x00, 0x00, 0x00)); /* no elements */
    assert_false(FIND(NAME, 0x12, 0x04, 0x00, 0x01, 0x01));
    assert_false(FIND(NAME, 0x12, 0x06, 0x02, 0x0D, 'x', 0, 0x01)); /* a string */
    assert_false(FIND(NAME, 0x12, 0x00, 0x02, 0x00, 0x00));
    assert_false(FIND(NAME, 0x12, 0x01, 0x02, 0x00, 0x00));
}

static void the_second_element_must_be_inside_the_package(void **state)
{
    (void)state;
    assert_false(FIND(NAME, 0x12, 0x03, 0x02, 0x00, 0x01)); /* ends after the first */
    assert_false(FIND(NAME, 0x12, 0x03, 0x02, 0x00));
    assert_false(FIND(NAME, 0x12, 0x05, 0x02, 0x0A, 5, 0x0A, 5)); /* ends within the second */
    assert_false(FIND(NAME, 0x12, 0x07, 0x02, 0x0A, 5, 0x0A, 5)); /* longer than the table */
}

static void a_later_match_counts_when_the_first_is_none(void **state)
{
    (void)state;
    assert_true(FIND(NAME, 0x14, NAME, 0x12, 0x04, 0x02, 0x01, 0x00, NAME, 0x12, 0x04, 2, 0, 0));
    assert_types(1, 0);
}

static void a_table_cut_anywhere_within_is_no_match(void **state)
{
    (void)state;
    const uint8_t aml[] = {0x08, 0x5C, '_',  'S',  '5', '_',  0x12,
                           0x47, 0x00, 0x02, 0x0A, 6,   0x0A, 6};
    for (size_t size = 0; size < sizeof(aml); size++) {
        assert_false(find(aml, size));
    }
    assert_true(find(aml, sizeof(aml)));
}

static void every_ssdt_is_looked_at(void **state)
{
    (void)state;
    const uint8_t aml[] = {NAME, 0x12, 0x06, 0x02, 0x0A, 5, 0x0A, 5};
    acpi_build_begin();
    acpi_build_table("SSDT", 2, aml, 3);
    acpi_build_table("SSDT", 2, NULL, 0);
    acpi_build_table("SSDT", 2, aml, sizeof(aml));
    acpi_build_end(2);
    assert_true(acpi_build_read(&machine));
    assert_true(machine.platform.s5_known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_integer_is_read),
        cmocka_unit_test(a_root_prefix_and_longer_package_lengths_are_read),
        cmocka_unit_test(one_integer_may_hold_both_types),
        cmocka_unit_test(look_alikes_do_not_count),
        cmocka_unit_test(the_second_element_must_be_inside_the_package),
        cmocka_unit_test(a_later_match_counts_when_the_first_is_none),
        cmocka_unit_test(a_table_cut_anywhere_within_is_no_match),
        cmocka_unit_test(every_ssdt_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
