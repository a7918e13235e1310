/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of /api/v1/ that read: JSON, made anew for each request. Called by http_route.c.
 */
#include "guests/net/backend.h"
#include "guests/net/console_session.h"
#include "guests/net/http_route.h"
#include "guests/net/reasons.h"
#include "kernel/string.h"

#define LOG_TAIL    6000 /* bytes of the log in /api/v1/status */
#define STREAM_MOST 65536

/* One request is answered at a time. */
static char stream[STREAM_MOST];

void api_error(struct http_answer *answer, unsigned status, const char *what)
{
    answer->status = status;
    answer->body.length = 0;
    text_string(&answer->body, "{\"error\":");
    text_json(&answer->body, what, strlen(what));
    text_string(&answer->body, "}\n");
}

static void json_name(struct text *out, const char *key, const char *value, size_t max)
{
    text_add(out, "\"%s\":", key);
    text_json(out, value, strnlen(value, max));
}

static void machine_object(struct text *out, const struct bulkhead_machine *machine)
{
    text_string(out, "{");
    json_name(out, "version", machine->version, sizeof(machine->version));
    text_add(out, ",\"uptime_us\":%lu,\"wall_seconds\":%lu,\"tsc_hz\":%lu,\"cpus\":%u,\"vms\":%u",
             machine->uptime_us, machine->wall_seconds, machine->tsc_hz, machine->cpu_count,
             machine->vm_count);
    text_add(out,
             ",\"memory\":{\"free\":%lu,\"bulkhead\":%lu,\"reserved\":%lu,\"vms\":%lu,"
             "\"pool_size\":%lu,\"pool_used\":%lu}",
             machine->memory_free, machine->memory_bulkhead, machine->memory_reserved,
             machine->memory_vms, machine->pool_size, machine->pool_used);
    text_add(out, ",\"log_position\":%lu,\"log_level\":%u}", machine->log_position,
             machine->log_level);
}

static void vm_members(struct text *out, const struct bulkhead_vm *vm)
{
    text_add(out, "\"index\":%u,", vm->index);
    json_name(out, "name", vm->name, sizeof(vm->name));
    text_add(out, ",\"state\":\"%s\",\"vcpus\":%u,\"memory_bytes\":%lu,\"console_port\":%u",
             vm_state_word(vm->state), vm->vcpu_count, vm->memory_bytes,
             CONSOLE_PORT_FIRST + vm->index);
    text_add(out, ",\"restarts\":%u,\"crashes\":%u,\"restart_max\":%u,\"started_us\":%lu",
             vm->restarts, vm->crashes, vm->restart_max, vm->started_us);
    text_add(out, ",\"exits\":%lu,\"exit_ticks\":%lu,\"denied\":%lu", vm->exits, vm->ticks,
             vm->denied);
    text_add(out, ",\"real_time\":%s,\"manage\":%s,\"self\":%s,",
             (vm->flags & BULKHEAD_FACT_REALTIME) != 0 ? "true" : "false",
             (vm->flags & BULKHEAD_FACT_MANAGE) != 0 ? "true" : "false",
             (vm->flags & BULKHEAD_VM_SELF) != 0 ? "true" : "false");
    json_name(out, "end", vm->end_text, sizeof(vm->end_text));
}

static void vm_list(struct text *out, const struct bulkhead_machine *machine)
{
    struct bulkhead_vm vm;
    text_string(out, "[");
    for (uint32_t i = 0; i < machine->vm_count && i < BACKEND_VM_MAX; i++) {
        if (!backend_vm(i, &vm)) {
            continue;
        }
        text_string(out, i == 0 ? "{" : ",\n{");
        vm_members(out, &vm);
        text_string(out, "}");
    }
    text_string(out, "]");
}

static void vcpu_object(struct text *out, uint32_t index, const struct bulkhead_vcpu *vcpu)
{
    const char *comma = "";
    text_add(out, "{\"index\":%u,\"state\":\"%s\",\"cpu\":%u,\"apic_id\":%u", index,
             vcpu_state_word(vcpu->state), vcpu->cpu, vcpu->apic_id);
    text_add(out, ",\"exits\":%lu,\"exit_ticks\":%lu,\"denied\":%lu,\"reasons\":{",
             vcpu->counters.exits, vcpu->counters.ticks, vcpu->counters.denied);
    for (uint32_t i = 0; i < BULKHEAD_REASON_MAX; i++) {
        const char *name = reason_name(i);
        if (vcpu->counters.reason[i] == 0) {
            continue;
        }
        if (name != NULL) {
            text_add(out, "%s\"%s\":%lu", comma, name, vcpu->counters.reason[i]);
        } else {
            text_add(out, "%s\"reason_%u\":%lu", comma, i, vcpu->counters.reason[i]);
        }
        comma = ",";
    }
    text_string(out, "}}");
}

/*
 * What a stream has from `position` on, at most `most` bytes, as members of an object. Stops at
 * the end of the stream, which grows meanwhile, or when nothing more comes.
 */
static void stream_members(struct text *out, enum bulkhead_stream which, uint32_t vm,
                           uint64_t position, size_t most)
{
    uint64_t missed = 0;
    size_t length = 0;
    while (length < most) {
        uint64_t next;
        uint64_t lost;
        size_t got =
            backend_read(which, vm, position, stream + length, most - length, &next, &lost);
        missed += lost;
        position = next;
        if (got == 0) {
            break;
        }
        length += got;
    }
    text_add(out, "\"next\":%lu,\"missed\":%lu,\"text\":", position, missed);
    text_json(out, stream, length);
}

static void stream_answer(struct http_answer *answer, enum bulkhead_stream which, uint32_t vm,
                          uint64_t from)
{
    text_string(&answer->body, "{");
    stream_members(&answer->body, which, vm, from, STREAM_MOST);
    text_string(&answer->body, "}\n");
}

static bool get_machine(struct bulkhead_machine *machine, struct http_answer *answer)
{
    if (backend_machine(machine)) {
        return true;
    }
    api_error(answer, 503,
              "no answer from the hypervisor: is `manage` among permissions of this VM?");
    return false;
}

void api_status(const struct http_request *request, uint32_t vm, struct http_answer *answer)
{
    struct bulkhead_machine machine;
    (void)vm;
    if (!get_machine(&machine, answer)) {
        return;
    }
    uint64_t tail = machine.log_position > LOG_TAIL ? machine.log_position - LOG_TAIL : 0;
    uint64_t from = http_request_number(request, "log", tail);
    text_string(&answer->body, "{\"machine\":");
    machine_object(&answer->body, &machine);
    text_string(&answer->body, ",\n\"vms\":");
    vm_list(&answer->body, &machine);
    text_string(&answer->body, ",\n\"log\":{");
    stream_members(&answer->body, BULKHEAD_STREAM_LOG, 0, from, STREAM_MOST);
    text_string(&answer->body, "}}\n");
}

void api_machine(const struct http_request *request, uint32_t vm, struct http_answer *answer)
{
    struct bulkhead_machine machine;
    (void)request;
    (void)vm;
    if (get_machine(&machine, answer)) {
        machine_object(&answer->body, &machine);
        text_string(&answer->body, "\n");
    }
}

void api_vms(const struct http_request *request, uint32_t vm, struct http_answer *answer)
{
    struct bulkhead_machine machine;
    (void)request;
    (void)vm;
    if (get_machine(&machine, answer)) {
        text_string(&answer->body, "{\"vms\":");
        vm_list(&answer->body, &machine);
        text_string(&answer->body, "}\n");
    }
}

void api_vm(const struct http_request *request, uint32_t vm, struct http_answer *answer)
{
    struct bulkhead_vm facts;
    struct bulkhead_vcpu vcpu;
    (void)request;
    if (!backend_vm(vm, &facts)) {
        api_error(answer, 503, "the hypervisor does not answer");
        return;
    }
    text_string(&answer->body, "{");
    vm_members(&answer->body, &facts);
    text_string(&answer->body, ",\n\"vcpu\":[");
    for (uint32_t i = 0; i < facts.vcpu_count && i < BULKHEAD_VCPU_MAX; i++) {
        if (backend_vcpu(vm, i, &vcpu)) {
            text_string(&answer->body, i == 0 ? "" : ",\n");
            vcpu_object(&answer->body, i, &vcpu);
        }
    }
    text_string(&answer->body, "]}\n");
}

void api_log(const struct http_request *request, uint32_t vm, struct http_answer *answer)
{
    (void)vm;
    stream_answer(answer, BULKHEAD_STREAM_LOG, 0, http_request_number(request, "from", 0));
}

void api_console(const struct http_request *request, uint32_t vm, struct http_answer *answer)
{
    stream_answer(answer, BULKHEAD_STREAM_CONSOLE, vm, http_request_number(request, "from", 0));
}

void api_crash(const struct http_request *request, uint32_t vm, struct http_answer *answer)
{
    stream_answer(answer, BULKHEAD_STREAM_CRASH, vm, http_request_number(request, "from", 0));
}

void api_plan(const struct http_request *request, uint32_t vm, struct http_answer *answer)
{
    stream_answer(answer, BULKHEAD_STREAM_PLAN, vm, http_request_number(request, "from", 0));
}
