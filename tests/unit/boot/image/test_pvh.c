/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/image/%.c kernel/printf.c tests/unit/boot/image/image_build.c */
/* The search for the PVH note, and the entry it gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/boot/image/image_build.h"

#define NOTES 0x2000

static uint8_t data[BUILD_SIZE];

static int begin(void **state)
{
    (void)state;
    build_pvh(data, true);
    return 0;
}

/* A kernel whose note segment has `size` bytes, which the test has put at NOTES. */
static bool parse_with_notes(size_t size, uint64_t align)
{
    const struct build_elf elf = {true,
                                  0x100000,
                                  2,
                                  {
                                      {1, 0x1000, 0x100000, 0x100000, 0x800, 0x2000, 0x1000},
                                      {4, NOTES, 0, 0, size, size, align},
                                  }};
    build_elf(data, &elf);
    return build_parse(data, BUILD_SIZE, IMAGE_PVH);
}

static const char none[] = "ELF has no PVH entry: a PT_NOTE segment with owner \"Xen\", type 18 "
                           "and 4 or 8 bytes is needed";

static void the_note_gives_the_entry(void **state)
{
    (void)state;
    for (unsigned is_64 = 0; is_64 < 2; is_64++) {
        build_pvh(data, is_64);
        assert_true(build_parse(data, BUILD_SIZE, IMAGE_UNKNOWN));
        assert_int_equal(parsed.format, IMAGE_PVH);
        assert_int_equal(parsed.entry, BUILD_PVH_ENTRY);
    }
}

static void an_entry_of_8_bytes_is_read_whole(void **state)
{
    (void)state;
    assert_true(parse_with_notes(build_note(data, NOTES, "Xen", 18, 8, 0x100100, 4), 4));
    assert_int_equal(parsed.entry, 0x100100);
    assert_false(parse_with_notes(build_note(data, NOTES, "Xen", 18, 8, BIT(40) | 0x100100, 4), 4));
    assert_string_equal(parse_error.text, "PVH entry 0x10000100100 does not lie in a loaded "
                                          "segment below 4 GiB: the kernel cannot be entered");
}

static void other_notes_are_passed_over(void **state)
{
    (void)state;
    size_t size = build_note(data, NOTES, "Xen", 6, 13, 0, 4);
    size += build_note(data, NOTES + size, "GNU", 18, 4, 0x100200, 4);
    size += build_note(data, NOTES + size, "Xenon", 18, 4, 0x100200, 4);
    size += build_note(data, NOTES + size, "Xen", 18, 3, 0x100200, 4);
    size += build_note(data, NOTES + size, "Xen", 18, 4, 0x100300, 4);
    assert_true(parse_with_notes(size, 4));
    assert_int_equal(parsed.entry, 0x100300);
}

static void the_owner_is_compared_whole(void **state)
{
    (void)state;
    size_t size = build_note(data, NOTES, "Xen", 18, 4, 0x100200, 4);
    build_put32(data, NOTES, 3); /* without its NUL */
    assert_false(parse_with_notes(size, 4));
    assert_string_equal(parse_error.text, none);
    size = build_note(data, NOTES, "Xen:one", 18, 4, 0x100200, 4);
    data[NOTES + 12 + 3] = 0; /* and more behind its NUL */
    assert_false(parse_with_notes(size, 4));
    assert_string_equal(parse_error.text, none);
}

static void notes_may_be_aligned_to_8(void **state)
{
    (void)state;
    size_t size = build_note(data, NOTES, "GNU", 5, 12, 0, 8);
    size += build_note(data, NOTES + size, "Xen", 18, 4, 0x100300, 8);
    assert_true(parse_with_notes(size, 8));
    assert_int_equal(parsed.entry, 0x100300);
}

static void a_cut_note_is_none(void **state)
{
    (void)state;
    const size_t size = build_note(data, NOTES, "Xen", 18, 4, BUILD_PVH_ENTRY, 4);
    for (size_t cut = 0; cut < size; cut++) {
        assert_false(parse_with_notes(cut, 4));
        assert_string_equal(parse_error.text, none);
    }
}

static void sizes_in_a_note_do_not_overflow(void **state)
{
    (void)state;
    build_note(data, NOTES, "Xen", 18, 4, BUILD_PVH_ENTRY, 4);
    build_put32(data, NOTES, 0xFFFFFFFF);
    build_put32(data, NOTES + 4, 0xFFFFFFFF);
    assert_false(parse_with_notes(0x1000, 4));
    assert_string_equal(parse_error.text, none);
    assert_false(parse_with_notes(0x1000, 8));
}

static void a_note_segment_behind_the_file_is_passed_over(void **state)
{
    (void)state;
    build_note(data, NOTES, "Xen", 18, 4, BUILD_PVH_ENTRY, 4);
    assert_false(parse_with_notes(BUILD_SIZE - NOTES + 1, 4));
    assert_string_equal(parse_error.text, none);
}

static void an_entry_outside_the_kernel_is_refused(void **state)
{
    (void)state;
    assert_false(parse_with_notes(build_note(data, NOTES, "Xen", 18, 4, 0xFFFFF, 4), 4));
    assert_string_equal(parse_error.text, "PVH entry 0xfffff does not lie in a loaded segment "
                                          "below 4 GiB: the kernel cannot be entered");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_note_gives_the_entry, begin),
        cmocka_unit_test_setup(an_entry_of_8_bytes_is_read_whole, begin),
        cmocka_unit_test_setup(other_notes_are_passed_over, begin),
        cmocka_unit_test_setup(the_owner_is_compared_whole, begin),
        cmocka_unit_test_setup(notes_may_be_aligned_to_8, begin),
        cmocka_unit_test_setup(a_cut_note_is_none, begin),
        cmocka_unit_test_setup(sizes_in_a_note_do_not_overflow, begin),
        cmocka_unit_test_setup(a_note_segment_behind_the_file_is_passed_over, begin),
        cmocka_unit_test_setup(an_entry_outside_the_kernel_is_refused, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
