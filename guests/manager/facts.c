/* SPDX-License-Identifier: Apache-2.0 */
/* What the manager is told: machine, VMs, vCPUs, log level, plan. */
#include "guests/manager/manager.h"
#include "guests/runtime/console.h"
#include "guests/runtime/timing.h"
#include "kernel/string.h"

static const char *const states[] = {"stopped", "running", "ending", "crashed",
                                     "paused",  "pausing", "waiting"};

static bool check_machine(void)
{
    struct bulkhead_machine m;
    bool good = expect("machine", manage_machine(&m), sizeof(m)) &&
                expect("size of machine", m.size, sizeof(m));
    print("manager: Bulkhead %s, %u CPUs, %u VMs, TSC %lu kHz, up %lu us, clock %lu\n", m.version,
          m.cpu_count, m.vm_count, m.tsc_hz / 1000, m.uptime_us, m.wall_seconds);
    print("manager: memory: %lu KiB free, %lu KiB Bulkhead, %lu KiB reserved, %lu KiB in VMs; "
          "pool %lu of %lu\n",
          m.memory_free / 1024, m.memory_bulkhead / 1024, m.memory_reserved / 1024,
          m.memory_vms / 1024, m.pool_used, m.pool_size);
    uint32_t polls = 0;
    for (uint32_t i = 0; i < m.cpu_count; i++) {
        print("manager: CPU %u: APIC id %u, state %u, VM %u vCPU %u%s\n", i, m.cpu[i].apic_id,
              m.cpu[i].state, m.cpu[i].vm, m.cpu[i].vcpu, m.cpu[i].polls ? ", polls" : "");
        polls += m.cpu[i].polls;
    }
    good &= expect("CPUs that poll", polls, m.poller == BULKHEAD_NONE ? 0 : 1);
    good &= expect("TSC rate", m.tsc_hz != 0 && m.tsc_hz / 1000 == timing_tsc_hz() / 1000, true);
    good &= expect("memory of VMs fits", m.memory_vms != 0 && m.memory_vms <= m.memory_free, true);
    good &= expect("pool", m.pool_used != 0 && m.pool_used <= m.pool_size, true);
    struct bulkhead_machine later;
    rest_us(20000);
    manage_machine(&later);
    uint64_t passed = later.uptime_us - m.uptime_us;
    return good & expect("20 ms of uptime", passed >= 20000 && passed < 5000000, true);
}

static bool print_vcpus(const struct bulkhead_vm *vm)
{
    bool good = true;
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        static struct bulkhead_vcpu v;
        good &= expect("vCPU", manage_vcpu(vm->index, i, &v), sizeof(v));
        good &= expect("counters of vCPU", v.counters.size, sizeof(v.counters));
        good &= expect("ticks are no time", v.counters.ticks < UINT64_MAX / 2, true);
        print("manager: VM %s vCPU %u: state %u, CPU %u, APIC id %u, %lu exits, %lu denied\n",
              vm->name, i, v.state, v.cpu, v.apic_id, v.counters.exits, v.counters.denied);
    }
    return good & expect("vCPU behind the last", manage_vcpu(vm->index, vm->vcpu_count, NULL),
                         -BULKHEAD_ENOENT);
}

static bool check_vms(void)
{
    struct bulkhead_machine m;
    bool good = manage_machine(&m) > 0;
    for (uint32_t i = 0; i < m.vm_count; i++) {
        struct bulkhead_vm vm;
        good &= expect("VM", manage_vm(i, &vm), sizeof(vm)) & expect("index", vm.index, i) &
                expect("self", (vm.flags & BULKHEAD_VM_SELF) != 0, i == m.self) &
                expect("state", vm.state <= BULKHEAD_VM_WAITING, true);
        print("manager: VM %s is %s: flags %x, %u vCPUs, %lu KiB, %u restarts, %u crashes, "
              "started %lu, %lu exits, \"%s\"\n",
              vm.name, states[vm.state % 7], vm.flags, vm.vcpu_count, vm.memory_bytes / 1024,
              vm.restarts, vm.crashes, vm.started_us, vm.exits, vm.end_text);
        good &= print_vcpus(&vm);
    }
    return good & expect("VM behind the last", manage_vm(m.vm_count, NULL), -BULKHEAD_ENOENT);
}

/* A shorter structure is a prefix, and nothing behind it is written. */
static bool check_prefix(void)
{
    struct bulkhead_vm whole;
    struct bulkhead_vm part;
    memset(&part, 0x5a, sizeof(part));
    manage_vm(0, &whole);
    int64_t size = hypercall(BULKHEAD_CALL_VM, 0, (uint64_t)&part, 24, 0, 0);
    return expect("prefix", size, 24) & expect("prefix equals", memcmp(&part, &whole, 24), 0) &
           expect("behind the prefix", ((uint8_t *)&part)[24], 0x5a) &
           expect("too short", hypercall(BULKHEAD_CALL_VM, 0, (uint64_t)&part, 7, 0, 0),
                  -BULKHEAD_EINVAL);
}

static bool check_log_level(void)
{
    int64_t before = manage_log_level(-1);
    return expect("log level", before >= 0 && before <= BULKHEAD_LOG_DEBUG, true) &
           expect("set log level", manage_log_level(BULKHEAD_LOG_INFO), before) &
           expect("log level then", manage_log_level(before), BULKHEAD_LOG_INFO) &
           expect("log level 5", manage_log_level(5), -BULKHEAD_EINVAL) &
           expect("log level at the end", manage_log_level(-1), before);
}

const struct check checks_facts[] = {
    {"machine", check_machine},     {"vms", check_vms}, {"prefix", check_prefix},
    {"log-level", check_log_level}, {NULL, NULL},
};
