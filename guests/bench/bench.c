/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Micro-benchmarks: what an operation costs a guest, in TSC ticks a round, loop included. The same
 * program natively and below Bulkhead. Prints `bench NAME VALUE` (one decimal unless integral, "-"
 * where the operation does not exist), and below Bulkhead `bench-exits NAME VALUE`.
 * Command line: scale=N multiplies the rounds.
 */
#include "guests/bench/bench.h"

#include "guests/runtime/console.h"
#include "guests/runtime/hypercall.h"
#include "guests/runtime/runtime.h"
#include "guests/runtime/startup.h"
#include "guests/runtime/timing.h"

#define QUIET_US    5000
#define QUIET_TRIES 1000
#define RESULT_MAX  32

/* "12" or "12.3". */
static void print_ratio(const char *kind, const char *name, uint64_t total, uint64_t rounds)
{
    uint64_t tenths = (total * 10 + rounds / 2) / rounds;
    if (tenths % 10 == 0) {
        print("%s %s %lu\n", kind, name, tenths / 10);
    } else {
        print("%s %s %lu.%lu\n", kind, name, tenths / 10, tenths % 10);
    }
}

/*
 * While text waits for the machine's console, Bulkhead looks after it now and then on this very
 * CPU. Waits until nothing but our own calls exits any more.
 */
static void wait_for_quiet(void)
{
    console_drain();
    for (unsigned i = 0; hypercall_available() && i < QUIET_TRIES; i++) {
        uint64_t before = bench_exits();
        timing_delay_us(QUIET_US);
        if (bench_exits() - before == 1) {
            return;
        }
    }
}

static void print_result(const char *name, const struct bench_result *result)
{
    if (!result->valid) {
        print("bench %s -\n", name);
        return;
    }
    print_ratio("bench", name, result->ticks, result->rounds);
    if (hypercall_available()) {
        print_ratio("bench-exits", name, result->exits, result->rounds);
    }
}

void guest_main(void)
{
    static struct bench_result results[RESULT_MAX];
    uint64_t scale = startup_number("scale", 1);
    bench_init();
    print("bench: TSC ticks a round, %s\n",
          hypercall_available() ? "below Bulkhead" : "native or unknown");
    wait_for_quiet();
    for (uint32_t i = 0; i < bench_operation_count; i++) {
        results[i] = bench_operations[i].run(bench_operations[i].rounds * scale);
    }
    for (uint32_t i = 0; i < bench_operation_count; i++) {
        print_result(bench_operations[i].name, &results[i]);
    }
    print("bench: ready\n");
}
