/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/backtrace.c kernel/guest_walk.c kernel/guest_rights.c */
/* links: tests/unit/kernel/guest_ram.c */
/* What a snapshot reads of a guest's stack and code, and that no garbage there does harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/backtrace.h"
#include "kernel/cpu_regs.h"
#include "kernel/msr.h"
#include "tests/unit/kernel/guest_ram.h"

static struct guest_ram ram;
static struct backtrace_source source;
static struct vcpu_snapshot s;

/* Long mode with paging off is no mode of a processor, but of no matter to what is read. */
static int set_up(void **state)
{
    (void)state;
    memset(&ram, 0, sizeof(ram));
    memset(&source, 0, sizeof(source));
    memset(&s, 0, sizeof(s));
    source.memory = guest_ram_memory(&ram);
    source.paging.physical_bits = 40;
    s.word = 8;
    s.rip = RAM_BASE + 0x100;
    s.regs[VCPU_RSP] = RAM_BASE + 0x1000;
    s.regs[VCPU_RBP] = RAM_BASE + 0x1010;
    return 0;
}

static void frame(uint64_t at, uint64_t next, uint64_t address)
{
    *guest_ram_word(&ram, RAM_BASE + at) = next;
    *guest_ram_word(&ram, RAM_BASE + at + 8) = address;
}

static void frames_follow_the_chain_to_its_end(void **state)
{
    (void)state;
    frame(0x1010, RAM_BASE + 0x1040, 0x111);
    frame(0x1040, RAM_BASE + 0x2000, 0x222);
    frame(0x2000, 0, 0x333);
    backtrace_take(&source, &s);
    assert_int_equal(s.frame_count, 4);
    assert_int_equal(s.frames[0], RAM_BASE + 0x100);
    assert_int_equal(s.frames[1], 0x111);
    assert_int_equal(s.frames[2], 0x222);
    assert_int_equal(s.frames[3], 0x333);
}

static void frames_end_at_a_loop_and_at_a_return_address_of_0(void **state)
{
    (void)state;
    frame(0x1010, RAM_BASE + 0x1010, 0x111);
    backtrace_take(&source, &s);
    assert_int_equal(s.frame_count, 2);
    frame(0x1010, RAM_BASE + 0x1040, 0);
    backtrace_take(&source, &s);
    assert_int_equal(s.frame_count, 1);
}

static void a_long_chain_is_cut(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        frame(0x1010 + i * 16, RAM_BASE + 0x1010 + (i + 1) * 16, i + 1);
    }
    backtrace_take(&source, &s);
    assert_int_equal(s.frame_count, SNAPSHOT_FRAMES);
    assert_int_equal(s.frames[SNAPSHOT_FRAMES - 1], SNAPSHOT_FRAMES - 1);
}

static void stack_and_code_end_where_memory_ends(void **state)
{
    (void)state;
    s.regs[VCPU_RSP] = RAM_BASE + RAM_SIZE - 16;
    s.regs[VCPU_RBP] = RAM_BASE + RAM_SIZE - 8; /* its return address is outside */
    s.rip = RAM_BASE + RAM_SIZE - 3;
    *guest_ram_word(&ram, RAM_BASE + RAM_SIZE - 16) = 7;
    *guest_ram_word(&ram, RAM_BASE + RAM_SIZE - 8) = UINT64_C(0xccddee0000000000);
    backtrace_take(&source, &s);
    assert_int_equal(s.stack_count, 2);
    assert_int_equal(s.stack[0], 7);
    assert_int_equal(s.frame_count, 1);
    assert_int_equal(s.code_count, 3);
    assert_memory_equal(s.code, "\xee\xdd\xcc", 3);
}

static void nothing_readable_leaves_rip_alone(void **state)
{
    (void)state;
    s.rip = s.regs[VCPU_RSP] = s.regs[VCPU_RBP] = UINT64_C(0x8000000000000000);
    backtrace_take(&source, &s);
    assert_int_equal(s.frame_count, 1);
    assert_int_equal(s.stack_count, 0);
    assert_int_equal(s.code_count, 0);
}

static void words_of_32_bit_code_are_halves_and_bases_are_added(void **state)
{
    (void)state;
    s.word = 4;
    s.rip = 0x100;
    s.regs[VCPU_RSP] = 0x1004;
    s.regs[VCPU_RBP] = 0x100c; /* frame across two aligned words */
    source.code_base = RAM_BASE + 0x4000;
    source.stack_base = RAM_BASE;
    *guest_ram_word(&ram, RAM_BASE + 0x1000) = UINT64_C(0x1111111100000000);
    *guest_ram_word(&ram, RAM_BASE + 0x1008) = UINT64_C(0x0000000022222222);
    *guest_ram_word(&ram, RAM_BASE + 0x1010) = UINT64_C(0x0000000033333333);
    *guest_ram_word(&ram, RAM_BASE + 0x4100) = UINT64_C(0x90);
    backtrace_take(&source, &s);
    assert_int_equal(s.frame_count, 2);
    assert_int_equal(s.frames[1], 0x33333333);
    assert_int_equal(s.stack[0], 0x11111111);
    assert_int_equal(s.stack[1], 0x22222222);
    assert_int_equal(s.code[0], 0x90);
}

static void offsets_of_32_bit_code_wrap(void **state)
{
    (void)state;
    s.word = 4;
    s.rip = 0;
    source.code_base = UINT64_C(0xfffffff0);
    s.regs[VCPU_RSP] = RAM_BASE + 0x10;
    source.stack_base = UINT64_C(0x100000000) - 0x10;
    *guest_ram_word(&ram, RAM_BASE) = 5;
    backtrace_take(&source, &s);
    assert_int_equal(s.stack[0], 5);
    assert_int_equal(s.code_count, 0);
}

static void user_pages_are_read_under_smap(void **state)
{
    (void)state;
    const uint64_t user = 7; /* present, writable, user */
    s.rip = s.regs[VCPU_RSP] = UINT64_C(0x7000000000);
    s.regs[VCPU_RBP] = 0;
    source.paging.cr0 = CR0_PG | CR0_PE;
    source.paging.cr4 = CR4_PAE | CR4_SMAP | CR4_SMEP;
    source.paging.efer = EFER_LME | EFER_LMA;
    source.paging.cr3 = RAM_BASE;
    *guest_ram_word(&ram, RAM_BASE) = (RAM_BASE + 0x1000) | user;
    *guest_ram_word(&ram, RAM_BASE + 0x1000 + 8 * 0x1c0) = (RAM_BASE + 0x2000) | user;
    *guest_ram_word(&ram, RAM_BASE + 0x2000) = (RAM_BASE + 0x3000) | user;
    *guest_ram_word(&ram, RAM_BASE + 0x3000) = (RAM_BASE + 0x4000) | user;
    *guest_ram_word(&ram, RAM_BASE + 0x4000) = 0x1234;
    backtrace_take(&source, &s);
    assert_int_equal(s.stack_count, SNAPSHOT_STACK);
    assert_int_equal(s.stack[0], 0x1234);
    assert_int_equal(s.code_count, SNAPSHOT_CODE);
}

/* Every register and every word at random: reads are bounded, counts stay within their arrays. */
static void garbage_does_no_harm(void **state)
{
    (void)state;
    srand(1);
    for (unsigned turn = 0; turn < 20000; turn++) {
        set_up(NULL);
        for (unsigned i = 0; i < 64; i++) {
            ram.words[(unsigned)rand() % ARRAY_SIZE(ram.words)] =
                (RAM_BASE + ((uint64_t)rand() & 0xffff)) ^ ((rand() & 1) ? 0x63 : 0);
        }
        s.word = 2U << rand() % 3;
        s.rip = RAM_BASE + ((uint64_t)rand() & 0x1ffff);
        s.regs[VCPU_RSP] = RAM_BASE + ((uint64_t)rand() & 0x1ffff);
        s.regs[VCPU_RBP] = RAM_BASE + ((uint64_t)rand() & 0x1ffff);
        source.stack_base = (uint64_t)rand() & 3 ? 0 : (uint64_t)rand();
        source.paging.cr0 = (uint64_t)rand() & 1 ? CR0_PG | CR0_PE : 0;
        source.paging.cr4 = (uint64_t)rand() & (CR4_PAE | CR4_LA57);
        source.paging.efer = (uint64_t)rand() & (EFER_LME | EFER_LMA);
        source.paging.cr3 = RAM_BASE + ((uint64_t)rand() & 0xf000);
        backtrace_take(&source, &s);
        assert_in_range(s.frame_count, 1, SNAPSHOT_FRAMES);
        assert_true(s.stack_count <= SNAPSHOT_STACK && s.code_count <= SNAPSHOT_CODE);
        assert_true(ram.reads <= 6 * (4 * SNAPSHOT_FRAMES + 2 * SNAPSHOT_STACK + 4));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(frames_follow_the_chain_to_its_end, set_up),
        cmocka_unit_test_setup(frames_end_at_a_loop_and_at_a_return_address_of_0, set_up),
        cmocka_unit_test_setup(a_long_chain_is_cut, set_up),
        cmocka_unit_test_setup(stack_and_code_end_where_memory_ends, set_up),
        cmocka_unit_test_setup(nothing_readable_leaves_rip_alone, set_up),
        cmocka_unit_test_setup(words_of_32_bit_code_are_halves_and_bases_are_added, set_up),
        cmocka_unit_test_setup(offsets_of_32_bit_code_wrap, set_up),
        cmocka_unit_test_setup(user_pages_are_read_under_smap, set_up),
        cmocka_unit_test_setup(garbage_does_no_harm, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
