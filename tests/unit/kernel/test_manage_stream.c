/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/manage_stream.c kernel/vm_console.c kernel/vm_input.c */
/* Streams by position and by ring, on a made-up VM whose RAM is an array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/hypercall.h"
#include "kernel/log.h"
#include "kernel/manage_text.h"
#include "kernel/vm.h"
#include "kernel/vm_input.h"

#define VMS   2
#define RAM   0x8000
#define RING  0x1000 /* where the tests have theirs */
#define SIZE  1024
#define GUARD 0xa5

static struct vm vms[VMS];
static struct vcpu vcpu; /* of VM 0 */
static uint8_t ram[RAM] __attribute__((aligned(64)));
static size_t uart_room;
static uint8_t typed[8192];
static size_t typed_count;
static unsigned armed;
static uint64_t pending[BULKHEAD_EVENT_COUNT];

/* ---- what is linked against ---- */

uint32_t vm_count(void)
{
    return VMS;
}

struct vm *vm_get(uint32_t index)
{
    return index < VMS ? &vms[index] : NULL;
}

bool vm_is_ram(const struct vm *vm, gpa_t gpa, uint64_t size)
{
    assert_ptr_equal(vm, &vms[0]);
    return gpa.v <= RAM && size <= RAM - gpa.v;
}

bool vm_read_memory(const struct vm *vm, gpa_t gpa, void *to, uint64_t size)
{
    assert_true(vm_is_ram(vm, gpa, size));
    memcpy(to, ram + gpa.v, size);
    return true;
}

bool vm_write_memory(const struct vm *vm, gpa_t gpa, const void *from, uint64_t size)
{
    if (!vm_is_ram(vm, gpa, size)) {
        return false;
    }
    memcpy(ram + gpa.v, from, size);
    return true;
}

volatile uint64_t *vm_map_word(const struct vm *vm, gpa_t gpa)
{
    assert_true(vm_is_ram(vm, gpa, 8));
    return (volatile uint64_t *)(ram + gpa.v);
}

size_t vuart_receive(struct vuart *uart, const uint8_t *bytes, size_t count)
{
    size_t taken = MIN(count, uart_room);
    assert_ptr_equal(uart, &vms[1].uart);
    memcpy(typed + typed_count, bytes, taken);
    typed_count += taken;
    uart_room -= taken;
    return taken;
}

int64_t hypercall_give(struct vcpu *caller, enum vcpu_register address, enum vcpu_register size,
                       const void *from, size_t whole)
{
    uint64_t length = MIN(caller->regs[size], whole);
    return vm_write_memory(caller->vm, GPA(caller->regs[address]), from, length) ? (int64_t)length
                                                                                 : -14;
}

void doorbell_take(struct vm *vm, uint64_t happened[BULKHEAD_EVENT_COUNT])
{
    assert_ptr_equal(vm, &vms[0]);
    memcpy(happened, pending, sizeof(pending));
    memset(pending, 0, sizeof(pending));
}

void doorbell_arm(struct vm *vm)
{
    assert_ptr_equal(vm, &vms[0]);
    armed++;
}

void log_guest_line(const char *name, const char *text)
{
    (void)name;
    (void)text;
}

/* A log of ten bytes, of which the first three are gone. */
size_t log_read(uint64_t *position, uint64_t *missed, char *to, size_t size)
{
    uint64_t at = MAX(*position, 3);
    *missed += at - MIN(*position, at);
    size_t length = MIN(size, 10 - MIN(at, 10));
    memcpy(to, &"0123456789"[MIN(at, 10)], length);
    *position = at + length;
    return length;
}

uint64_t log_position(void)
{
    return 10;
}

void manage_text_plan(struct manage_text *text, const struct vm *vm)
{
    (void)vm;
    text->length = 100;
    text->written = text->from < 100 ? MIN(100 - text->from, text->room) : 0;
}

void manage_text_crash(struct manage_text *text, const struct vm *vm)
{
    (void)text;
    (void)vm;
}

/* ---- the rig ---- */

static int set_up(void **state)
{
    (void)state;
    memset(vms, 0, sizeof(vms));
    memset(&vcpu, 0, sizeof(vcpu));
    memset(ram, GUARD, sizeof(ram));
    memset(pending, 0, sizeof(pending));
    vcpu.vm = &vms[0];
    typed_count = 0;
    uart_room = 4096;
    armed = 0;
    for (uint32_t i = 0; i < VMS; i++) {
        vms[i].life.state = VM_RUNNING;
        vm_console_init(&vms[i].console, "vm");
    }
    return 0;
}

static void print_bytes(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        vm_console_output(&vms[1].console, (uint8_t)('a' + vms[1].console.written % 26));
    }
}

static int64_t call(int64_t (*function)(struct vcpu *), uint64_t rdi, uint64_t rsi, uint64_t rdx,
                    uint64_t r10, uint64_t r8)
{
    vcpu.regs[VCPU_RDI] = rdi;
    vcpu.regs[VCPU_RSI] = rsi;
    vcpu.regs[VCPU_RDX] = rdx;
    vcpu.regs[VCPU_R10] = r10;
    vcpu.regs[VCPU_R8] = r8;
    return function(&vcpu);
}

static int64_t read_console(uint64_t position, uint64_t size)
{
    return call(manage_read, BULKHEAD_STREAM_CONSOLE, 1, position, 0, size);
}

static int64_t open_ring(uint64_t stream, uint64_t gpa, uint64_t size)
{
    return call(manage_ring, stream, stream == BULKHEAD_STREAM_LOG ? 0 : 1, gpa, size, 0);
}

static int64_t events(void)
{
    return call(manage_events, 0, sizeof(struct bulkhead_events), 0, 0, 0);
}

static const struct bulkhead_chunk *chunk(void)
{
    return (const void *)ram;
}

static const struct bulkhead_events *told(void)
{
    return (const void *)ram;
}

static struct bulkhead_ring *ring(void)
{
    return (void *)(ram + RING);
}

static uint8_t *data(void)
{
    return ram + RING + sizeof(struct bulkhead_ring);
}

/* ---- reading ---- */

static void a_read_goes_on_where_the_last_one_ended(void **state)
{
    (void)state;
    print_bytes(30);
    assert_int_equal(read_console(0, 32 + 20), 20);
    assert_int_equal(chunk()->next, 20);
    assert_int_equal(chunk()->end, 30);
    assert_int_equal(chunk()->missed, 0);
    assert_memory_equal(ram + 32, "abcdefghijklmnopqrst", 20);
    assert_int_equal(ram[52], GUARD);
    assert_int_equal(read_console(20, 8192), 10);
    assert_memory_equal(ram + 32, "uvwxyzabcd", 10);
    assert_int_equal(read_console(30, 8192), 0);
    assert_int_equal(read_console(UINT64_MAX, 8192), 0);
    assert_int_equal(chunk()->next, 30);
}

static void what_was_overwritten_is_counted(void **state)
{
    (void)state;
    print_bytes(3 * VM_CONSOLE_RING);
    assert_int_equal(read_console(0, UINT64_MAX), BULKHEAD_TRANSFER_MAX);
    assert_int_equal(chunk()->missed, 2 * VM_CONSOLE_RING + 1);
    assert_int_equal(chunk()->next, 2 * VM_CONSOLE_RING + 1 + BULKHEAD_TRANSFER_MAX);
    assert_int_equal(ram[32], 'a' + (2 * VM_CONSOLE_RING + 1) % 26);
    assert_int_equal(ram[32 + BULKHEAD_TRANSFER_MAX], GUARD);
}

static void the_log_and_texts_are_streams_too(void **state)
{
    (void)state;
    assert_int_equal(call(manage_read, BULKHEAD_STREAM_LOG, 0, 1, 0, 4096), 7);
    assert_int_equal(chunk()->missed, 2);
    assert_memory_equal(ram + 32, "3456789", 7);
    assert_int_equal(call(manage_read, BULKHEAD_STREAM_PLAN, 1, 90, 0, 4096), 10);
    assert_int_equal(chunk()->next, 100);
    assert_int_equal(call(manage_read, BULKHEAD_STREAM_PLAN, 1, 500, 0, 4096), 0);
    assert_int_equal(chunk()->next, 100);
}

static void reads_check_their_arguments(void **state)
{
    (void)state;
    assert_int_equal(read_console(0, 31), -BULKHEAD_EINVAL);
    assert_int_equal(call(manage_read, 5, 1, 0, 0, 64), -BULKHEAD_EINVAL);
    assert_int_equal(call(manage_read, BULKHEAD_STREAM_INPUT, 1, 0, 0, 64), -BULKHEAD_EINVAL);
    assert_int_equal(call(manage_read, 0, VMS, 0, 0, 64), -BULKHEAD_ENOENT);
    assert_int_equal(call(manage_read, 0, UINT64_C(1) << 32, 0, 0, 64), -BULKHEAD_ENOENT);
    assert_int_equal(call(manage_read, 0, 1, 0, RAM - 63, 64), -BULKHEAD_EFAULT);
    assert_int_equal(ram[RAM - 1], GUARD);
}

/* ---- rings ---- */

static void ring_arguments_are_checked(void **state)
{
    static const struct {
        uint64_t gpa;
        uint64_t size;
        int64_t result;
    } cases[] = {
        {RING + 8, SIZE, -BULKHEAD_EINVAL},
        {RING, 512, -BULKHEAD_EINVAL},
        {RING, 1536, -BULKHEAD_EINVAL},
        {RING, 131072, -BULKHEAD_EINVAL},
        {RING, UINT64_C(1) << 63, -BULKHEAD_EINVAL},
        {RING, (UINT64_C(1) << 32) + SIZE, -BULKHEAD_EINVAL},
        {RAM - SIZE, SIZE, -BULKHEAD_EFAULT},
        {RAM - 64, SIZE, -BULKHEAD_EFAULT},
        {UINT64_MAX - 63, SIZE, -BULKHEAD_EFAULT},
        {RAM - SIZE - 64, SIZE, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(open_ring(BULKHEAD_STREAM_CONSOLE, cases[i].gpa, cases[i].size),
                         cases[i].result);
    }
    assert_int_equal(open_ring(BULKHEAD_STREAM_CRASH, RING, SIZE), -BULKHEAD_EINVAL);
    assert_int_equal(call(manage_ring, BULKHEAD_STREAM_LOG, 1, RING, SIZE, 0), -BULKHEAD_ENOENT);
    assert_int_equal(call(manage_ring, 0, VMS, RING, SIZE, 0), -BULKHEAD_ENOENT);
}

static void a_ring_fills_up_to_its_size_and_wraps(void **state)
{
    (void)state;
    assert_int_equal(open_ring(BULKHEAD_STREAM_CONSOLE, RING, SIZE), 0);
    assert_int_equal(ring()->head, 0);
    print_bytes(SIZE + 100);
    assert_int_equal(events(), 1);
    assert_int_equal(told()->moved, SIZE);
    assert_int_equal(told()->happened[BULKHEAD_EVENT_CONSOLE], 2);
    assert_int_equal(ring()->head, SIZE);
    assert_int_equal(data()[SIZE], GUARD);
    assert_int_equal(armed, 0);
    assert_int_equal(events(), 0); /* full */
    assert_int_equal(armed, 1);
    ring()->tail = 60;
    assert_int_equal(events(), 1);
    assert_int_equal(told()->moved, 60);
    assert_int_equal(data()[59], 'a' + (SIZE + 59) % 26);
    assert_int_equal(data()[60], 'a' + 60 % 26);
    assert_int_equal(data()[SIZE], GUARD);
}

static void nonsense_in_a_header_stops_the_ring_alone(void **state)
{
    (void)state;
    assert_int_equal(open_ring(BULKHEAD_STREAM_CONSOLE, RING, SIZE), 0);
    print_bytes(10);
    ring()->tail = 1; /* ahead of the writer */
    assert_int_equal(events(), 0);
    ring()->tail = UINT64_MAX - SIZE;
    assert_int_equal(events(), 0);
    assert_int_equal(data()[0], GUARD);
    ring()->tail = 0;
    ring()->head = 12345; /* not read back */
    assert_int_equal(events(), 1);
    assert_int_equal(ring()->head, 10);
}

static void bytes_lost_ahead_of_a_ring_are_counted(void **state)
{
    (void)state;
    assert_int_equal(open_ring(BULKHEAD_STREAM_CONSOLE, RING, SIZE), 0);
    print_bytes(2 * VM_CONSOLE_RING);
    assert_int_equal(events(), 1);
    assert_int_equal(ring()->missed, VM_CONSOLE_RING + 1);
    assert_int_equal(ring()->head, SIZE);
}

static void an_input_ring_waits_for_room(void **state)
{
    (void)state;
    assert_int_equal(open_ring(BULKHEAD_STREAM_INPUT, RING, SIZE), 0);
    memset(data(), 'x', SIZE);
    uart_room = 700;
    ring()->head = SIZE;
    assert_int_equal(events(), 1);
    assert_int_equal(told()->happened[BULKHEAD_EVENT_ROOM], 2);
    assert_int_equal(ring()->tail, 700);
    assert_int_equal(events(), 0);
    uart_room = 4096;
    assert_int_equal(events(), 1);
    assert_int_equal(ring()->tail, SIZE);
    assert_int_equal(typed_count, SIZE);
    ring()->head = 2 * SIZE + 1; /* more than fits */
    assert_int_equal(events(), 0);
    assert_int_equal(typed_count, SIZE);
}

static void one_call_moves_a_bounded_number_of_bytes(void **state)
{
    (void)state;
    assert_int_equal(open_ring(BULKHEAD_STREAM_CONSOLE, RING, 8192), 0);
    print_bytes(5000);
    assert_int_equal(events(), 1);
    assert_int_equal(told()->moved, BULKHEAD_TRANSFER_MAX);
    assert_int_equal(events(), 1);
    assert_int_equal(told()->moved, 5000 - BULKHEAD_TRANSFER_MAX);
    assert_int_equal(events(), 0);
}

static void a_ring_taken_back_is_not_written(void **state)
{
    (void)state;
    assert_int_equal(open_ring(BULKHEAD_STREAM_CONSOLE, RING, SIZE), 0);
    assert_int_equal(open_ring(BULKHEAD_STREAM_CONSOLE, 0, 0), 0);
    memset(ring(), GUARD, sizeof(*ring()));
    print_bytes(10);
    assert_int_equal(events(), 0);
    assert_int_equal(ring()->head, UINT64_C(0xa5a5a5a5a5a5a5a5));
    assert_int_equal(data()[0], GUARD);
}

static void events_that_cannot_be_written_are_not_lost(void **state)
{
    (void)state;
    pending[BULKHEAD_EVENT_STATE] = 2;
    assert_int_equal(call(manage_events, RAM - 8, 40, 0, 0, 0), -BULKHEAD_EFAULT);
    assert_int_equal(call(manage_events, 0, 7, 0, 0, 0), -BULKHEAD_EINVAL);
    assert_int_equal(events(), 1);
    assert_int_equal(told()->happened[BULKHEAD_EVENT_STATE], 2);
}

/* ---- watching ---- */

static unsigned watched;

static void note(struct vm_console *console)
{
    assert_int_equal(console->written, 1 + watched);
    watched++;
}

static void a_console_is_told_of_once_after_its_bit_was_taken(void **state)
{
    (void)state;
    watched = 0;
    vms[1].console.watcher = note;
    print_bytes(0);
    pending[BULKHEAD_EVENT_CONSOLE] = 2;
    assert_int_equal(events(), 1);
    print_bytes(1);
    assert_int_equal(watched, 1);
    print_bytes(100);
    assert_int_equal(watched, 1);
}

static void a_vm_that_does_not_run_takes_no_input(void **state)
{
    (void)state;
    vms[1].life.state = VM_STOPPED;
    assert_int_equal(vm_console_input(&vms[1], (const uint8_t *)"x", 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_read_goes_on_where_the_last_one_ended, set_up),
        cmocka_unit_test_setup(what_was_overwritten_is_counted, set_up),
        cmocka_unit_test_setup(the_log_and_texts_are_streams_too, set_up),
        cmocka_unit_test_setup(reads_check_their_arguments, set_up),
        cmocka_unit_test_setup(ring_arguments_are_checked, set_up),
        cmocka_unit_test_setup(a_ring_fills_up_to_its_size_and_wraps, set_up),
        cmocka_unit_test_setup(nonsense_in_a_header_stops_the_ring_alone, set_up),
        cmocka_unit_test_setup(bytes_lost_ahead_of_a_ring_are_counted, set_up),
        cmocka_unit_test_setup(an_input_ring_waits_for_room, set_up),
        cmocka_unit_test_setup(one_call_moves_a_bounded_number_of_bytes, set_up),
        cmocka_unit_test_setup(a_ring_taken_back_is_not_written, set_up),
        cmocka_unit_test_setup(events_that_cannot_be_written_are_not_lost, set_up),
        cmocka_unit_test_setup(a_console_is_told_of_once_after_its_bit_was_taken, set_up),
        cmocka_unit_test_setup(a_vm_that_does_not_run_takes_no_input, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
