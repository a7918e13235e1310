/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The made-up machine.
 */
#include "tests/unit/guests/net/fake_backend.h"

#include "kernel/string.h"

struct fake_backend fake;

static void set_text(char *to, size_t size, const char *text)
{
    memset(to, 0, size);
    memcpy(to, text, strnlen(text, size - 1));
}

static void set_vm(uint32_t index, const char *name, uint32_t state, uint32_t vcpus, uint32_t flags)
{
    struct bulkhead_vm *vm = &fake.vm[index];
    vm->size = sizeof(*vm);
    vm->index = index;
    set_text(vm->name, sizeof(vm->name), name);
    vm->state = state;
    vm->vcpu_count = vcpus;
    vm->flags = flags;
    vm->memory_bytes = UINT64_C(256) << 20;
    vm->restart_max = 3;
    vm->exits = 1000 * (index + 1);
    vm->denied = index;
}

void fake_init(void)
{
    memset(&fake, 0, sizeof(fake));
    fake.available = true;
    fake.uptime_us = 12345678;
    fake.input_room = sizeof(fake.input);
    set_vm(0, "linux", BULKHEAD_VM_RUNNING, 2, 0);
    set_vm(1, "crash", BULKHEAD_VM_CRASHED, 1, BULKHEAD_FACT_REALTIME);
    set_vm(2, "net", BULKHEAD_VM_RUNNING, 1, BULKHEAD_FACT_MANAGE | BULKHEAD_VM_SELF);
    fake.vm[1].crashes = 4;
    set_text(fake.vm[1].end_text, sizeof(fake.vm[1].end_text), "triple fault");
    fake.crash = "crash: triple fault\n  rip 0000000000100040\n";
}

void fake_print(struct fake_stream *stream, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        stream->ring[stream->end++ % FAKE_STREAM_SIZE] = bytes[i];
    }
}

bool backend_available(void)
{
    return fake.available;
}

bool backend_machine(struct bulkhead_machine *machine)
{
    memset(machine, 0, sizeof(*machine));
    if (!fake.available) {
        return false;
    }
    machine->size = sizeof(*machine);
    machine->vm_count = FAKE_VMS;
    machine->cpu_count = 4;
    machine->self = 2;
    set_text(machine->version, sizeof(machine->version), "1.0-\"quoted\"");
    machine->tsc_hz = 2000000000;
    machine->uptime_us = fake.uptime_us;
    machine->wall_seconds = 1795919400;
    machine->memory_bulkhead = UINT64_C(16) << 20;
    machine->memory_vms = UINT64_C(768) << 20;
    machine->log_position = fake.log.end;
    return true;
}

bool backend_vm(uint32_t vm, struct bulkhead_vm *facts)
{
    if (!fake.available || vm >= FAKE_VMS) {
        return false;
    }
    *facts = fake.vm[vm];
    facts->console_position = fake.console[vm].end;
    return true;
}

bool backend_vcpu(uint32_t vm, uint32_t vcpu, struct bulkhead_vcpu *facts)
{
    memset(facts, 0, sizeof(*facts));
    if (!fake.available || vm >= FAKE_VMS || vcpu >= fake.vm[vm].vcpu_count) {
        return false;
    }
    facts->size = sizeof(*facts);
    facts->state =
        fake.vm[vm].state == BULKHEAD_VM_RUNNING ? BULKHEAD_VCPU_RUNNING : BULKHEAD_VCPU_OFF;
    facts->cpu = vm + vcpu;
    facts->apic_id = 2 * facts->cpu;
    facts->counters.exits = 500;
    facts->counters.ticks = UINT64_C(123456789012);
    facts->counters.reason[10] = 400 + vcpu;
    facts->counters.reason[48] = 99;
    facts->counters.reason[120] = 1; /* one that has no name */
    return true;
}

int64_t backend_control(uint32_t vm, enum bulkhead_action action, uint64_t argument)
{
    (void)argument;
    fake.controls++;
    fake.control_vm = vm;
    fake.control_action = action;
    return fake.control_result;
}

static size_t read_ring(const struct fake_stream *stream, uint64_t position, char *to, size_t size,
                        uint64_t *next, uint64_t *missed)
{
    uint64_t oldest = stream->end > FAKE_STREAM_SIZE ? stream->end - FAKE_STREAM_SIZE : 0;
    size_t count = 0;
    if (position < oldest) {
        *missed = oldest - position;
        position = oldest;
    }
    while (count < size && position < stream->end) {
        to[count++] = stream->ring[position++ % FAKE_STREAM_SIZE];
    }
    *next = position;
    return count;
}

size_t backend_read(enum bulkhead_stream stream, uint32_t vm, uint64_t position, char *to,
                    size_t size, uint64_t *next, uint64_t *missed)
{
    *next = position;
    *missed = 0;
    if (!fake.available || vm >= FAKE_VMS) {
        return 0;
    }
    if (stream == BULKHEAD_STREAM_CONSOLE) {
        return read_ring(&fake.console[vm], position, to, size, next, missed);
    }
    if (stream == BULKHEAD_STREAM_LOG) {
        return read_ring(&fake.log, position, to, size, next, missed);
    }
    size_t length = stream == BULKHEAD_STREAM_CRASH && vm == 1 ? strlen(fake.crash) : 0;
    size_t count = position < length ? length - (size_t)position : 0;
    count = count < size ? count : size;
    memcpy(to, fake.crash + (count != 0 ? position : 0), count);
    *next = position + count;
    return count;
}

size_t backend_input(uint32_t vm, const uint8_t *bytes, size_t count)
{
    (void)vm;
    size_t room = fake.input_room < sizeof(fake.input) - fake.input_length
                      ? fake.input_room
                      : sizeof(fake.input) - fake.input_length;
    count = count < room ? count : room;
    memcpy(fake.input + fake.input_length, bytes, count);
    fake.input_length += count;
    fake.input_room -= count;
    return count;
}

void backend_watch(uint64_t consoles, bool log)
{
    (void)log;
    fake.watched = consoles;
}

bool backend_happened(uint64_t *consoles, bool *log)
{
    *consoles = 0;
    *log = false;
    return false;
}
