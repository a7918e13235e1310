/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /metrics: Prometheus's text format 0.0.4. One table has what is told of the machine and of
 * this guest, one what is told of each VM; vCPUs and exit reasons follow.
 */
#include "guests/net/metrics.h"

#include "guests/net/auth.h"
#include "guests/net/backend.h"
#include "guests/net/http_route.h"
#include "guests/net/reasons.h"
#include "kernel/string.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static struct {
    struct bulkhead_machine machine;
    struct bulkhead_vm vm[BACKEND_VM_MAX];
    bool there[BACKEND_VM_MAX];
} snapshot;

static void family(struct text *out, const char *name, const char *type, const char *help)
{
    text_add(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void single(struct text *out, const char *name, const char *type, const char *help,
                   uint64_t value)
{
    family(out, name, type, help);
    text_add(out, "%s %lu\n", name, value);
}

static void microseconds(struct text *out, const char *name, const char *help, uint64_t us)
{
    family(out, name, "gauge", help);
    text_add(out, "%s %lu.%06lu\n", name, us / 1000000, us % 1000000);
}

static void of_guest(struct text *out)
{
    struct net_metrics own = {0};
    net_metrics_read(&own);
    microseconds(out, "bulkhead_net_uptime_seconds", "Time since the management guest's start.",
                 own.uptime_ms * 1000);
    single(out, "bulkhead_net_busy_ticks_total", "counter",
           "TSC ticks that the management guest did not spend waiting.", own.busy_ticks);
    single(out, "bulkhead_net_receive_frames_total", "counter", "Frames received.", own.rx_frames);
    single(out, "bulkhead_net_receive_dropped_total", "counter",
           "Frames that were damaged or found no buffer.", own.rx_dropped);
    single(out, "bulkhead_net_transmit_frames_total", "counter", "Frames sent.", own.tx_frames);
    single(out, "bulkhead_net_transmit_dropped_total", "counter",
           "Frames that found the card's ring full.", own.tx_dropped);
    single(out, "bulkhead_net_interrupts_total", "counter", "Interrupts of the network card.",
           own.interrupts);
    single(out, "bulkhead_net_http_requests_total", "counter", "HTTP requests answered.",
           http_requests());
    single(out, "bulkhead_net_http_connections", "gauge", "HTTP connections open.", own.http_open);
    single(out, "bulkhead_net_console_connections", "gauge", "Console connections open.",
           own.console_open);
    single(out, "bulkhead_net_auth_failures_total", "counter", "Wrong tokens.", auth_failures());
}

static void of_machine(struct text *out, const struct bulkhead_machine *machine)
{
    family(out, "bulkhead_info", "gauge", "Always 1; the label is the hypervisor's version.");
    text_string(out, "bulkhead_info{version=\"");
    text_label(out, machine->version);
    text_string(out, "\"} 1\n");
    microseconds(out, "bulkhead_uptime_seconds", "Time since the loader's entry.",
                 machine->uptime_us);
    single(out, "bulkhead_cpus", "gauge", "CPUs of the machine.", machine->cpu_count);
    single(out, "bulkhead_memory_hypervisor_bytes", "gauge",
           "RAM that the hypervisor keeps, files for restarts included.", machine->memory_bulkhead);
    single(out, "bulkhead_memory_vms_bytes", "gauge", "RAM of all VMs.", machine->memory_vms);
    single(out, "bulkhead_log_bytes_total", "counter", "Bytes that were logged.",
           machine->log_position);
}

enum vm_value {
    VM_UP,
    VM_VCPUS,
    VM_MEMORY,
    VM_RESTARTS,
    VM_CRASHES,
    VM_DENIED,
    VM_CONSOLE,
};

static const struct {
    const char *name;
    const char *type;
    const char *help;
    enum vm_value value;
} vm_families[] = {
    {"bulkhead_vm_up", "gauge", "1 when the VM runs.", VM_UP},
    {"bulkhead_vm_vcpus", "gauge", "CPUs of the VM.", VM_VCPUS},
    {"bulkhead_vm_memory_bytes", "gauge", "RAM of the VM.", VM_MEMORY},
    {"bulkhead_vm_restarts_total", "counter", "Restarts since the machine's boot.", VM_RESTARTS},
    {"bulkhead_vm_crashes_total", "counter", "Crashes since the machine's boot.", VM_CRASHES},
    {"bulkhead_vm_denied_total", "counter",
     "Accesses to what the VM does not have, since its last start.", VM_DENIED},
    {"bulkhead_vm_console_bytes_total", "counter", "Bytes that the VM printed.", VM_CONSOLE},
};

static uint64_t vm_value(const struct bulkhead_vm *vm, enum vm_value value)
{
    switch (value) {
    case VM_UP:
        return vm->state == BULKHEAD_VM_RUNNING;
    case VM_VCPUS:
        return vm->vcpu_count;
    case VM_MEMORY:
        return vm->memory_bytes;
    case VM_RESTARTS:
        return vm->restarts;
    case VM_CRASHES:
        return vm->crashes;
    case VM_DENIED:
        return vm->denied;
    case VM_CONSOLE:
        return vm->console_position;
    }
    return 0;
}

static void vm_label(struct text *out, const char *name, uint32_t vm)
{
    text_add(out, "%s{vm=\"", name);
    text_label(out, snapshot.vm[vm].name);
    text_string(out, "\"");
}

static void of_vms(struct text *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(vm_families); i++) {
        family(out, vm_families[i].name, vm_families[i].type, vm_families[i].help);
        for (uint32_t vm = 0; vm < BACKEND_VM_MAX; vm++) {
            if (snapshot.there[vm]) {
                vm_label(out, vm_families[i].name, vm);
                text_add(out, "} %lu\n", vm_value(&snapshot.vm[vm], vm_families[i].value));
            }
        }
    }
}

static void exits_of(struct text *out, uint32_t vm, uint32_t index,
                     const struct bulkhead_vcpu *vcpu)
{
    for (uint32_t i = 0; i < BULKHEAD_REASON_MAX; i++) {
        const char *name = reason_name(i);
        if (vcpu->counters.reason[i] == 0) {
            continue;
        }
        vm_label(out, "bulkhead_vcpu_exits_total", vm);
        if (name != NULL) {
            text_add(out, ",vcpu=\"%u\",reason=\"%s\"", index, name);
        } else {
            text_add(out, ",vcpu=\"%u\",reason=\"reason_%u\"", index, i);
        }
        text_add(out, "} %lu\n", vcpu->counters.reason[i]);
    }
}

static void of_vcpus(struct text *out)
{
    struct bulkhead_vcpu vcpu;
    family(out, "bulkhead_vcpu_exits_total", "counter",
           "VM exits by reason, since the VM's last start.");
    for (uint32_t vm = 0; vm < BACKEND_VM_MAX; vm++) {
        for (uint32_t i = 0; snapshot.there[vm] && i < snapshot.vm[vm].vcpu_count; i++) {
            if (backend_vcpu(vm, i, &vcpu)) {
                exits_of(out, vm, i, &vcpu);
            }
        }
    }
    family(out, "bulkhead_vcpu_exit_ticks_total", "counter",
           "TSC ticks between exits and entries, since the VM's last start.");
    for (uint32_t vm = 0; vm < BACKEND_VM_MAX; vm++) {
        for (uint32_t i = 0; snapshot.there[vm] && i < snapshot.vm[vm].vcpu_count; i++) {
            if (backend_vcpu(vm, i, &vcpu)) {
                vm_label(out, "bulkhead_vcpu_exit_ticks_total", vm);
                text_add(out, ",vcpu=\"%u\"} %lu\n", i, vcpu.counters.ticks);
            }
        }
    }
}

void metrics(const struct http_request *request, uint32_t vm, struct http_answer *answer)
{
    (void)request;
    (void)vm;
    answer->type = "text/plain; version=0.0.4; charset=utf-8";
    of_guest(&answer->body);
    memset(&snapshot, 0, sizeof(snapshot));
    if (!backend_machine(&snapshot.machine)) {
        return;
    }
    for (uint32_t i = 0; i < snapshot.machine.vm_count && i < BACKEND_VM_MAX; i++) {
        snapshot.there[i] = backend_vm(i, &snapshot.vm[i]);
    }
    of_machine(&answer->body, &snapshot.machine);
    of_vms(&answer->body);
    of_vcpus(&answer->body);
}
