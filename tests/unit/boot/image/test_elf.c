/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/image/%.c kernel/printf.c tests/unit/boot/image/image_build.c */
/* ELF headers and segments, through the Multiboot parser, which takes any ELF with its header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/boot/image/image_build.h"

static uint8_t data[BUILD_SIZE];

static int begin(void **state)
{
    (void)state;
    build_multiboot(data, true, 3);
    return 0;
}

/* Program headers anew; the Multiboot header at 0x1004 stays. */
static size_t with_segments(bool is_64, uint64_t entry, uint32_t count,
                            const struct build_segment *segments)
{
    struct build_elf elf = {is_64, entry, count, {{0}}};
    memcpy(elf.segments, segments, count * sizeof(*segments));
    return build_elf(data, &elf);
}

static void refused(const char *words)
{
    assert_refused(data, BUILD_SIZE, IMAGE_MULTIBOOT, words);
}

static void segments_of_both_classes_are_read(void **state)
{
    (void)state;
    for (unsigned is_64 = 0; is_64 < 2; is_64++) {
        build_multiboot(data, is_64, 3);
        assert_true(build_parse(data, BUILD_SIZE, IMAGE_UNKNOWN));
        assert_int_equal(parsed.entry, 0x100020);
        assert_int_equal(parsed.segment_count, 1);
        assert_int_equal(parsed.segments[0].gpa, 0x100000);
        assert_int_equal(parsed.segments[0].offset, 0x1000);
        assert_int_equal(parsed.segments[0].file_size, 0x800);
        assert_int_equal(parsed.segments[0].memory_size, 0x2000);
        assert_int_equal(image_memory_needed(&parsed), MIB(1) + 0x2000);
    }
}

static void foreign_files_are_refused(void **state)
{
    (void)state;
    data[4] = 3;
    refused("ELF class 3, data 1: must be 1 or 2 (32 or 64 bits), 1 (LSB)");
    begin(NULL);
    data[5] = 2;
    refused("ELF class 2, data 2: must be 1 or 2 (32 or 64 bits), 1 (LSB)");
    begin(NULL);
    build_put16(data, 18, 183);
    refused("ELF for machine 183: must be 3 (x86) or 62 (x86-64)");
    begin(NULL);
    build_put16(data, 16, 3);
    refused("ELF type 3, must be 2 (executable): link the kernel with fixed addresses (-no-pie)");
}

static void a_cut_header_is_refused(void **state)
{
    (void)state;
    struct image_file file = {data, 51, HPA(0)};
    for (file.size = 0; file.size < 64; file.size++) {
        /* The Multiboot header would not be found: ask the PVH parser, which reads the same. */
        assert_false(build_parse(data, file.size, IMAGE_PVH));
        assert_non_null(strstr(parse_error.text, "cut short"));
    }
}

static void program_headers_are_bounded(void **state)
{
    (void)state;
    build_put16(data, 56, 0);
    refused("has 0 program headers, must be from 1 to 128");
    build_put16(data, 56, 129);
    refused("has 129 program headers, must be from 1 to 128");
    begin(NULL);
    build_put16(data, 54, 55);
    refused("program headers of 55 bytes, at least 56 are needed");
}

static void program_headers_behind_the_file_are_refused(void **state)
{
    (void)state;
    build_put64(data, 32, BUILD_SIZE - 55);
    refused("1 program headers at 0x3fc9 end behind the file's 16384 bytes: the file is cut short");
    build_put64(data, 32, UINT64_MAX);
    refused("1 program headers at 0xffffffffffffffff end behind the file's 16384 bytes: the file "
            "is cut short");
}

static void a_segment_behind_the_file_is_refused(void **state)
{
    (void)state;
    const struct build_segment cut = {1, 0x1000, 0, 0x100000, 0x3001, 0x4000, 0};
    with_segments(true, 0x100020, 1, &cut);
    refused(
        "segment 0: 0x3001 bytes at 0x1000 end behind the file's 0x4000: the file is cut short");
    const struct build_segment wraps = {1, 0x1000, 0, 0x100000, UINT64_MAX, UINT64_MAX, 0};
    with_segments(true, 0x100020, 1, &wraps);
    refused("segment 0: 0xffffffffffffffff bytes at 0x1000 end behind the file's 0x4000: the file "
            "is cut short");
}

static void a_segment_larger_in_the_file_than_in_memory_is_refused(void **state)
{
    (void)state;
    const struct build_segment segment = {1, 0x1000, 0, 0x100000, 0x801, 0x800, 0};
    with_segments(true, 0x100020, 1, &segment);
    refused("segment 0: file size 0x801 is over memory size 0x800");
}

static void a_segment_beyond_physical_memory_is_refused(void **state)
{
    (void)state;
    const struct build_segment high = {1, 0x1000, 0, UINT64_MAX - 0xFFF, 0x800, 0x2000, 0};
    with_segments(true, 0x100020, 1, &high);
    refused("segment 0: 0x2000 bytes at physical 0xfffffffffffff000 end beyond 2^52: the kernel "
            "needs physical load addresses");
    const struct build_segment large = {1, 0x1000, 0, 0x100000, 0x800, UINT64_MAX, 0};
    with_segments(true, 0x100020, 1, &large);
    refused("segment 0: 0xffffffffffffffff bytes at physical 0x100000 end beyond 2^52: the kernel "
            "needs physical load addresses");
}

static void overlapping_segments_are_refused(void **state)
{
    (void)state;
    const struct build_segment segments[] = {
        {1, 0x1000, 0, 0x100000, 0x800, 0x2000, 0},
        {1, 0x1000, 0, 0x101FFF, 0x1, 0x1, 0},
    };
    with_segments(true, 0x100020, 2, segments);
    refused("segment 1 at 0x101fff, 0x1 bytes, overlaps another at 0x100000, 0x2000 bytes");
    const struct build_segment swapped[] = {segments[1], segments[0]};
    with_segments(true, 0x100020, 2, swapped);
    refused("segment 1 at 0x100000, 0x2000 bytes, overlaps another at 0x101fff, 0x1 bytes");
}

static void touching_and_empty_segments_are_fine(void **state)
{
    (void)state;
    const struct build_segment segments[] = {
        {1, 0x1000, 0, 0x100000, 0x800, 0x2000, 0},
        {1, 0x1000, 0, 0x102000, 0x0, 0x1, 0},
        {1, 0xFFFF0000, 0, 0x100000, 0x0, 0x0, 0}, /* empty: its fields do not matter */
        {2, 0xFFFF0000, 0, 0x100000, 0x9, 0x9, 0}, /* not loaded: neither do these */
    };
    with_segments(true, 0x100020, 4, segments);
    assert_true(build_parse(data, BUILD_SIZE, IMAGE_MULTIBOOT));
    assert_int_equal(parsed.segment_count, 2);
}

static void too_many_segments_are_refused(void **state)
{
    (void)state;
    struct build_segment segments[IMAGE_SEGMENT_MAX + 1];
    for (size_t i = 0; i < ARRAY_SIZE(segments); i++) {
        segments[i] = (struct build_segment){1, 0x1000, 0, 0x100000 + i * 0x1000, 0x800, 0x800, 0};
    }
    with_segments(true, 0x100020, IMAGE_SEGMENT_MAX, segments);
    assert_true(build_parse(data, BUILD_SIZE, IMAGE_MULTIBOOT));
    with_segments(true, 0x100020, IMAGE_SEGMENT_MAX + 1, segments);
    refused("has more than 16 loadable segments");
}

static void an_elf_that_loads_nothing_is_refused(void **state)
{
    (void)state;
    const struct build_segment segment = {6, 0x40, 0, 0, 0x38, 0x38, 0};
    with_segments(true, 0x100020, 1, &segment);
    refused("ELF without a loadable segment: nothing to run");
}

static void a_virtual_entry_becomes_physical(void **state)
{
    (void)state;
    const struct build_segment segment = {1, 0x1000, 0xC0100000, 0x100000, 0x800, 0x2000, 0};
    with_segments(false, 0xC0100020, 1, &segment);
    assert_true(build_parse(data, BUILD_SIZE, IMAGE_MULTIBOOT));
    assert_int_equal(parsed.entry, 0x100020);
    with_segments(false, 0x100020, 1, &segment); /* given as physical already */
    assert_true(build_parse(data, BUILD_SIZE, IMAGE_MULTIBOOT));
    assert_int_equal(parsed.entry, 0x100020);
}

static void an_entry_outside_the_loaded_bytes_is_refused(void **state)
{
    (void)state;
    const struct build_segment segment = {1, 0x1000, 0, 0x100000, 0x800, 0x2000, 0};
    with_segments(true, 0x100800, 1, &segment);
    refused("ELF entry 0x100800 does not lie in a loaded segment below 4 GiB: the kernel cannot "
            "be entered");
    const struct build_segment high = {1, 0x1000, 0, GIB(4), 0x800, 0x2000, 0};
    with_segments(true, GIB(4), 1, &high);
    refused("ELF entry 0x100000000 does not lie in a loaded segment below 4 GiB: the kernel "
            "cannot be entered");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(segments_of_both_classes_are_read, begin),
        cmocka_unit_test_setup(foreign_files_are_refused, begin),
        cmocka_unit_test_setup(a_cut_header_is_refused, begin),
        cmocka_unit_test_setup(program_headers_are_bounded, begin),
        cmocka_unit_test_setup(program_headers_behind_the_file_are_refused, begin),
        cmocka_unit_test_setup(a_segment_behind_the_file_is_refused, begin),
        cmocka_unit_test_setup(a_segment_larger_in_the_file_than_in_memory_is_refused, begin),
        cmocka_unit_test_setup(a_segment_beyond_physical_memory_is_refused, begin),
        cmocka_unit_test_setup(overlapping_segments_are_refused, begin),
        cmocka_unit_test_setup(touching_and_empty_segments_are_fine, begin),
        cmocka_unit_test_setup(too_many_segments_are_refused, begin),
        cmocka_unit_test_setup(an_elf_that_loads_nothing_is_refused, begin),
        cmocka_unit_test_setup(a_virtual_entry_becomes_physical, begin),
        cmocka_unit_test_setup(an_entry_outside_the_loaded_bytes_is_refused, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
