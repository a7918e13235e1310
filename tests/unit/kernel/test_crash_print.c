/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/crash_print.c kernel/printf.c */
/* What crash records and snapshots say as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/crash.h"

static char text[16384];
static unsigned lines;
static struct vcpu_snapshot snapshots[3];
static struct crash_record record;

static void emit(void *context, const char *line)
{
    assert_ptr_equal(context, &record);
    assert_true(strlen(line) < CRASH_LINE_SIZE && strchr(line, '\n') == NULL);
    assert_true(strlen(text) + strlen(line) + 2 < sizeof(text));
    strcat(text, line);
    strcat(text, "\n");
    lines++;
}

static const char *exit_name(uint32_t reason)
{
    return (reason & 0xffff) == 2 ? "triple fault" : "CPUID";
}

static int set_up(void **state)
{
    (void)state;
    text[0] = '\0';
    lines = 0;
    memset(snapshots, 0, sizeof(snapshots));
    struct vcpu_snapshot *s = &snapshots[0];
    s->kind = SNAPSHOT_TAKEN;
    s->word = 8;
    for (unsigned i = 0; i < VCPU_REGISTER_COUNT; i++) {
        s->regs[i] = 0x100 + i;
    }
    s->rip = 0x4711;
    s->cr3 = 0x1000;
    s->state_count = 4;
    s->state[0] = (struct snapshot_value){"CR0", 0x80000011};
    s->state[1] = (struct snapshot_value){"CS base", 0};
    s->state[2] = (struct snapshot_value){"DR7", 0x400};
    s->state[3] = (struct snapshot_value){"CR2", 0xdead};
    s->exit_name = exit_name;
    s->exit_count = 4;
    memcpy(s->exits, (uint32_t[]){10, 10, 10, 2}, 16);
    s->frame_count = 2;
    s->frames[0] = 0x4711;
    s->frames[1] = UINT64_C(0xffffffff81000000);
    s->stack_count = 1;
    s->stack[0] = 0xabc;
    s->code_count = 2;
    s->code[0] = 0x0f;
    s->code[1] = 0x0b;
    snapshots[1] = snapshots[0];
    snapshots[1].rip = 0x4712;
    snapshots[2].kind = SNAPSHOT_WAITING;
    record = (struct crash_record){.vm = "web",
                                   .valid = 1,
                                   .number = 3,
                                   .time_us = 12345678,
                                   .seconds = 1700000000,
                                   .ran_us = 5000,
                                   .why = "triple fault of vCPU 0",
                                   .vcpu_count = 3};
    for (unsigned i = 0; i < 3; i++) {
        record.vcpus[i] = &snapshots[i];
    }
    return 0;
}

static void a_record_says_who_why_when_and_where(void **state)
{
    (void)state;
    crash_print(&record, emit, &record);
    assert_string_equal(
        text, "crash 3 of VM web: triple fault of vCPU 0\n"
              "  at 12.345678 s, 1700000000 s since 1970, after 5 ms; by vCPU 0\n"
              "vCPU 0:\n"
              "  RAX 0000000000000100  RCX 0000000000000101  RDX 0000000000000102  RBX "
              "0000000000000103\n"
              "  RSP 0000000000000104  RBP 0000000000000105  RSI 0000000000000106  RDI "
              "0000000000000107\n"
              "  R8  0000000000000108  R9  0000000000000109  R10 000000000000010a  R11 "
              "000000000000010b\n"
              "  R12 000000000000010c  R13 000000000000010d  R14 000000000000010e  R15 "
              "000000000000010f\n"
              "  CR0 80000011  CS base 0  DR7 400\n"
              "  CR2 dead\n"
              "backtrace (by frame pointers):\n"
              "  #0 0000000000004711\n"
              "  #1 ffffffff81000000\n"
              "stack, from RSP on:\n"
              "  0000000000000abc\n"
              "code, from RIP on: 0f 0b\n"
              "the last exits, oldest first:\n"
              "  10  CPUID, 3 times\n"
              "  2   triple fault\n"
              "vCPU 1:  RIP 0000000000004712  RSP 0000000000000104  CR3 0000000000001000\n"
              "vCPU 2:  waits for its SIPI\n");
}

static void a_crash_from_outside_shows_the_first_vcpu(void **state)
{
    (void)state;
    record.vcpu = CRASH_FROM_OUTSIDE;
    crash_print(&record, emit, &record);
    assert_non_null(strstr(text, "after 5 ms; from outside\nvCPU 0:\n  RAX"));
}

static void the_second_vcpu_may_be_the_one(void **state)
{
    (void)state;
    record.vcpu = 1;
    snapshots[0].kind = SNAPSHOT_NONE;
    crash_print(&record, emit, &record);
    assert_non_null(strstr(text, "by vCPU 1\nvCPU 1:\n  RAX"));
    assert_non_null(strstr(text, "vCPU 0:  was not running\n"));
}

static void parts_can_be_asked_for(void **state)
{
    (void)state;
    snapshot_print(&snapshots[0], SNAPSHOT_PRINT_BACKTRACE, emit, &record);
    assert_null(strstr(text, "RAX"));
    assert_null(strstr(text, "exits"));
    assert_non_null(strstr(text, "  #1 ffffffff81000000\n"));
}

static void words_have_the_width_of_the_code(void **state)
{
    (void)state;
    snapshots[0].word = 4;
    snapshot_print(&snapshots[0], SNAPSHOT_PRINT_BACKTRACE, emit, &record);
    assert_non_null(strstr(text, "  #0 00004711\n"));
    assert_non_null(strstr(text, "\n  00000abc\n"));
}

static void what_cannot_be_read_is_said(void **state)
{
    (void)state;
    snapshots[0].stack_count = snapshots[0].code_count = 0;
    snapshot_print(&snapshots[0], SNAPSHOT_PRINT_BACKTRACE, emit, &record);
    assert_non_null(strstr(text, "stack, from RSP on: not readable\n"));
    assert_non_null(strstr(text, "code, from RIP on: not readable\n"));
}

/* A record may change under the reader. */
static void counts_and_long_texts_are_cut(void **state)
{
    (void)state;
    struct vcpu_snapshot *s = &snapshots[0];
    s->state_count = s->exit_count = s->frame_count = s->stack_count = s->code_count = UINT32_MAX;
    s->word = UINT32_MAX;
    static const char name[] = "a name that is much longer than the hundred and twenty-eight "
                               "characters of a line, which nothing in Bulkhead has, but which is "
                               "cut instead of doing harm";
    for (unsigned i = 0; i < SNAPSHOT_STATE_MAX; i++) {
        s->state[i].name = name;
    }
    record.vcpu_count = 3;
    crash_print(&record, emit, &record);
    assert_in_range(lines, 20, 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_record_says_who_why_when_and_where, set_up),
        cmocka_unit_test_setup(a_crash_from_outside_shows_the_first_vcpu, set_up),
        cmocka_unit_test_setup(the_second_vcpu_may_be_the_one, set_up),
        cmocka_unit_test_setup(parts_can_be_asked_for, set_up),
        cmocka_unit_test_setup(words_have_the_width_of_the_code, set_up),
        cmocka_unit_test_setup(what_cannot_be_read_is_said, set_up),
        cmocka_unit_test_setup(counts_and_long_texts_are_cut, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
