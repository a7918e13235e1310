/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The management guest: main loop, time, randomness, remarks. It sleeps by HLT until the card, the
 * hypervisor's doorbell or its own timer has something, and causes no exit meanwhile.
 * Command line: see options.h and docs/network.md.
 */
#include <stdarg.h>

#include "guests/net/auth.h"
#include "guests/net/backend.h"
#include "guests/net/clock.h"
#include "guests/net/e1000.h"
#include "guests/net/metrics.h"
#include "guests/net/network.h"
#include "guests/net/note.h"
#include "guests/net/platform.h"
#include "guests/net/services.h"
#include "guests/net/vectors.h"
#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/runtime.h"
#include "guests/runtime/startup.h"
#include "guests/runtime/timing.h"
#include "guests/runtime/trap.h"
#include "kernel/printf.h"

#include <lwip/sys.h>

#define SLEEP_MOST_MS   60000
#define SYSLOG_AGAIN_MS 50
#define NOTES_BURST     10 /* lines at once, and one more each second */
#define NOTE_MAX        200

static uint64_t start_tsc;
static uint64_t ticks_per_ms;
static uint64_t slept_ticks;

uint64_t clock_ms(void)
{
    return (cpu_rdtsc() - start_tsc) / ticks_per_ms;
}

u32_t sys_now(void)
{
    return (u32_t)clock_ms();
}

void net_note(const char *format, ...)
{
    static uint64_t credit = NOTES_BURST * 1000;
    static uint64_t last;
    static uint32_t left_out;
    char line[NOTE_MAX];
    uint64_t now = clock_ms();
    credit = credit + (now - last) > NOTES_BURST * 1000 ? NOTES_BURST * 1000 : credit + now - last;
    last = now;
    if (credit < 1000) {
        left_out++;
        return;
    }
    credit -= 1000;
    va_list args;
    va_start(args, format);
    kvsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (left_out != 0) {
        print("net: %u remarks left out\n", left_out);
        left_out = 0;
    }
    print("net: %s\n", line);
}

void net_metrics_read(struct net_metrics *metrics)
{
    struct e1000_counters counters;
    e1000_read_counters(&counters);
    metrics->rx_frames = counters.rx_frames;
    metrics->rx_dropped = counters.rx_dropped + counters.rx_missed;
    metrics->tx_frames = counters.tx_frames;
    metrics->tx_dropped = counters.tx_dropped;
    metrics->interrupts = counters.interrupts;
    metrics->busy_ticks = cpu_rdtsc() - start_tsc - slept_ticks;
    metrics->uptime_ms = clock_ms();
    metrics->http_open = services_http_open();
    metrics->console_open = services_console_open();
}

static void on_timer(struct trap_frame *frame)
{
    (void)frame;
    apic_eoi();
}

static void on_doorbell(struct trap_frame *frame)
{
    (void)frame;
    apic_eoi();
}

/* Halts until something happens, but no longer than this. Interrupts are off before and after. */
static void sleep_for(uint32_t ms)
{
    if (ms == 0) {
        return;
    }
    ms = ms < SLEEP_MOST_MS ? ms : SLEEP_MOST_MS;
    uint64_t before = cpu_rdtsc();
    timer_arm(before + (uint64_t)ms * ticks_per_ms);
    cpu_wait();
    slept_ticks += cpu_rdtsc() - before;
}

/* Chooses what the hypervisor tells us, when that has changed. */
static void choose_events(void)
{
    static uint64_t watched;
    static bool chosen;
    uint64_t wanted = services_watched();
    if (wanted == watched && (chosen || !network_has_syslog())) {
        return;
    }
    watched = wanted;
    chosen = true;
    backend_watch(watched, network_has_syslog());
}

/* One round; returns for how many ms there is nothing to do. */
static uint32_t work(void)
{
    uint64_t consoles;
    bool log = false;
    static bool log_waits;
    if (e1000_take_event()) {
        network_link();
    }
    bool received = network_receive();
    uint32_t patience = network_time();
    uint32_t wanted = services_poll(clock_ms());
    choose_events();
    bool happened = backend_happened(&consoles, &log);
    log_waits = log || log_waits;
    if (log_waits) {
        log_waits = network_syslog();
    }
    if (received || happened) {
        return 0;
    }
    if (log_waits && patience > SYSLOG_AGAIN_MS) {
        patience = SYSLOG_AGAIN_MS;
    }
    return wanted < patience ? wanted : patience;
}

static void tell_access(const struct net_options *options)
{
    if (!auth_init(options->token, options->open_read)) {
        print("net: token= has to have %u to %u characters\n", AUTH_TOKEN_MIN, AUTH_TOKEN_MAX);
    }
    if (!auth_has_token()) {
        print("net: no token: consoles and commands are closed%s\n",
              options->open_read ? "" : ", and so is everything else without `open-read`");
    }
    if (!backend_available()) {
        print("net: no right to manage: there will be nothing to show\n");
    }
}

static uint32_t vm_count(void)
{
    struct bulkhead_machine machine;
    return backend_machine(&machine) ? machine.vm_count : 0;
}

void guest_main(void)
{
    struct net_options options;
    ticks_per_ms = timing_ns_to_ticks(1000000);
    start_tsc = cpu_rdtsc();
    const char *complaint = options_read(&options, startup.cmdline);
    if (complaint != NULL) {
        print("net: %s\n", complaint);
    }
    net_survive_init();
    net_random_init();
    tell_access(&options);
    trap_set_handler(VECTOR_TIMER, on_timer);
    trap_set_handler(VECTOR_DOORBELL, on_doorbell);
    timer_init(VECTOR_TIMER);
    if (!e1000_start(VECTOR_NIC, options.gsi)) {
        print("net: no network card\n");
        return;
    }
    if (!network_start(&options)) {
        print("net: an address on the command line cannot be used\n");
    }
    if (!services_start(options.http_port, vm_count())) {
        print("net: not all ports could be opened\n");
    }
    print("net: %s.local, HTTP on port %u\n", options.name, options.http_port);
    print("net: ready\n");
    for (;;) {
        sleep_for(work());
    }
}
