/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real-time guest: a periodic timer and a histogram of how late its interrupts are, from the
 * deadline to the first instruction of the handler in C.
 * Command line: period=US (1000), report=TICKS between reports (1000), reports=N (0: for ever),
 * brief: one line a report, without the histogram.
 */
#include <stddef.h>
#include <stdint.h>

#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/hypercall.h"
#include "guests/runtime/runtime.h"
#include "guests/runtime/startup.h"
#include "guests/runtime/timing.h"
#include "guests/runtime/trap.h"
#include "kernel/printf.h"
#include "kernel/string.h"

#define VECTOR_TIMER 0x60
#define BUCKETS      16
#define BUCKET_NS    125 /* bound of the first; each next one is twice as wide */
#define BAR_MAX      40

struct statistics {
    uint64_t ticks;
    uint64_t lost; /* deadlines that had passed before they could be set */
    uint64_t min;
    uint64_t max;
    uint64_t sum;
    uint64_t histogram[BUCKETS];
};

static struct statistics current;
static uint64_t bounds[BUCKETS]; /* in ticks */
static uint64_t period;
static uint64_t deadline;

static void on_timer(struct trap_frame *frame)
{
    uint64_t late = cpu_rdtsc() - deadline;
    unsigned bucket = 0;
    (void)frame;
    while (bucket < BUCKETS - 1 && late >= bounds[bucket]) {
        bucket++;
    }
    current.histogram[bucket]++;
    current.ticks++;
    current.sum += late;
    current.min = late < current.min ? late : current.min;
    current.max = late > current.max ? late : current.max;
    current.lost += late / period;
    deadline += (late / period + 1) * period;
    timer_arm(deadline);
    apic_eoi();
}

static void clear(struct statistics *statistics)
{
    memset(statistics, 0, sizeof(*statistics));
    statistics->min = UINT64_MAX;
}

/* The statistics since the last call. */
static struct statistics take(void)
{
    cpu_interrupts_off();
    struct statistics taken = current;
    clear(&current);
    cpu_interrupts_on();
    return taken;
}

static void print_bucket(const struct statistics *statistics, unsigned bucket)
{
    char bar[BAR_MAX + 1];
    uint64_t count = statistics->histogram[bucket];
    size_t length = (size_t)(count * BAR_MAX / statistics->ticks);
    length = length == 0 ? 1 : length;
    memset(bar, '#', length);
    bar[length] = '\0';
    print("rt: %6s %7u ns %9lu %s\n", bucket == BUCKETS - 1 ? "more" : "below",
          BUCKET_NS << (bucket == BUCKETS - 1 ? bucket - 1 : bucket), count, bar);
}

static void report(const struct statistics *statistics, uint64_t worst)
{
    print("rt: %lu ticks of %lu us: late by %lu ns at least, %lu on average, %lu at most; "
          "%lu at most ever, %lu lost\n",
          statistics->ticks, timing_ticks_to_ns(period) / 1000, timing_ticks_to_ns(statistics->min),
          timing_ticks_to_ns(statistics->sum / statistics->ticks),
          timing_ticks_to_ns(statistics->max), timing_ticks_to_ns(worst), statistics->lost);
    for (unsigned i = 0; i < BUCKETS && !startup_option("brief", NULL); i++) {
        if (statistics->histogram[i] != 0) {
            print_bucket(statistics, i);
        }
    }
}

/* Exits of this CPU so far, the one of this call included; 0 when nobody counts. */
static uint64_t exits_so_far(void)
{
    static struct bulkhead_counters counters;
    return hypercall_available() && hypercall_counters(&counters) ? counters.exits : 0;
}

static void start_timer(void)
{
    for (unsigned i = 0; i < BUCKETS; i++) {
        bounds[i] = timing_ns_to_ticks((uint64_t)BUCKET_NS << i);
    }
    period = timing_ns_to_ticks(startup_number("period", 1000) * 1000);
    period = period == 0 ? 1 : period;
    clear(&current);
    trap_set_handler(VECTOR_TIMER, on_timer);
    timer_init(VECTOR_TIMER);
    deadline = cpu_rdtsc() + period;
    timer_arm(deadline);
}

void guest_main(void)
{
    uint64_t wanted = startup_number("report", 1000);
    uint64_t reports = startup_number("reports", 0);
    uint64_t worst = 0;
    print("rt: period %lu us, %s, TSC %lu kHz\n", startup_number("period", 1000),
          timer_has_deadline() ? "TSC deadline" : "one-shot timer", timing_tsc_hz() / 1000);
    start_timer();
    for (uint64_t done = 1;; done++) {
        uint64_t exits = exits_so_far();
        while (*(volatile uint64_t *)&current.ticks < wanted) {
            cpu_wait();
        }
        uint64_t exits_after = exits_so_far();
        struct statistics taken = take();
        worst = taken.max > worst ? taken.max : worst;
        report(&taken, worst);
        if (exits_after != 0) {
            print("rt: %lu exits meanwhile\n", exits_after - exits - 1);
        }
        if (done == 1) {
            print("rt: ready\n");
        }
        if (done == reports) {
            break;
        }
    }
    timer_stop();
}
