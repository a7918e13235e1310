/* SPDX-License-Identifier: Apache-2.0 */
/* Rings in our memory, and the doorbell. */
#include "guests/manager/manager.h"
#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/timing.h"
#include "guests/runtime/trap.h"
#include "kernel/string.h"

#define VECTOR_BELL 0x70
#define RING_SIZE   1024
#define GUARD       0xa5
#define WAIT_MS     10000

struct ring {
    struct bulkhead_ring header;
    char data[RING_SIZE];
    uint8_t guard[64]; /* nobody writes here */
} __attribute__((aligned(64)));

static struct ring rings[3];
static volatile uint64_t bells;
static struct bulkhead_events events;

static void on_bell(struct trap_frame *frame)
{
    (void)frame;
    bells++;
    apic_eoi();
}

static uint64_t bit(uint32_t vm)
{
    return UINT64_C(1) << vm;
}

static void open_ring(struct ring *ring)
{
    memset(ring, 0xff, sizeof(ring->header));
    memset(ring->guard, GUARD, sizeof(ring->guard));
}

static bool guard_holds(const struct ring *ring)
{
    for (size_t i = 0; i < sizeof(ring->guard); i++) {
        if (ring->guard[i] != GUARD) {
            print("manager: FAILED: byte %lu behind a ring has changed\n", i);
            return false;
        }
    }
    return true;
}

/* Own exits so far, this one's included. */
static uint64_t exits(void)
{
    static struct bulkhead_counters counters;
    return hypercall_counters(&counters) ? counters.exits : 0;
}

/* Sleeps until something has happened; returns how many calls that took. */
static uint32_t wait_event(void)
{
    uint32_t calls = 1;
    cpu_interrupts_off();
    while (manage_events(&events) == 0) {
        cpu_wait();
        calls++;
    }
    cpu_interrupts_on();
    return calls;
}

static bool begin(uint32_t vm, uint64_t kinds)
{
    trap_set_handler(VECTOR_BELL, on_bell);
    return vm != NO_VM && expect("notify", manage_notify(VECTOR_BELL, 0, kinds, bit(vm)), 0);
}

static bool end(void)
{
    return expect("no doorbell", manage_notify(0, 0, 0, 0), 0);
}

/* Asleep in HLT, woken by output: every exit is one of our calls. */
static bool check_doorbell(void)
{
    const uint32_t wakes = 20;
    uint32_t vm = find_vm("count");
    bool good = begin(vm, 1 << BULKHEAD_EVENT_CONSOLE) && wait_state(vm, BULKHEAD_VM_RUNNING);
    if (!good) {
        return false;
    }
    wait_event(); /* what was pending from the beginning */
    uint64_t bells_before = bells;
    uint64_t before = exits();
    uint64_t calls = 0;
    for (uint32_t i = 0; i < wakes; i++) {
        calls += wait_event();
        good &= expect("VM that printed", (int64_t)events.happened[BULKHEAD_EVENT_CONSOLE],
                       (int64_t)bit(vm));
    }
    uint64_t spent = exits() - before - 1;
    print("manager: %u wakes, %lu doorbells, %lu calls, %lu exits\n", wakes, bells - bells_before,
          calls, spent);
    good &= expect("exits beside the calls", (int64_t)(spent - calls), 0);
    good &= expect("doorbells for wakes", bells - bells_before > 0 && bells - bells_before <= calls,
                   true);
    return good & end();
}

/* Armed once, it rings once, however much is printed before the next call. */
static bool check_coalesce(void)
{
    uint32_t vm = find_vm("count");
    if (!begin(vm, 1 << BULKHEAD_EVENT_CONSOLE)) {
        return false;
    }
    wait_event();
    uint64_t before = bells;
    while (manage_events(&events) != 0) {
    }
    struct bulkhead_vm facts;
    manage_vm(vm, &facts);
    uint64_t position = facts.console_position;
    for (uint32_t ms = 0; facts.console_position < position + 40 && ms < WAIT_MS; ms += 10) {
        rest_us(10000);
        manage_vm(vm, &facts);
    }
    return expect("doorbells for 40 bytes", (int64_t)(bells - before), 1) & end();
}

static bool check_state_event(void)
{
    uint32_t vm = find_vm("count");
    bool good = begin(vm, 1 << BULKHEAD_EVENT_STATE);
    if (!good) {
        return false;
    }
    wait_event();
    good &= expect("pause", manage_control(vm, BULKHEAD_ACTION_PAUSE, 0), 0);
    wait_event();
    good &= expect("VM whose state changed", (int64_t)events.happened[BULKHEAD_EVENT_STATE],
                   (int64_t)bit(vm));
    good &= wait_state(vm, BULKHEAD_VM_PAUSED);
    while (manage_events(&events) != 0) {
    }
    good &= expect("resume", manage_control(vm, BULKHEAD_ACTION_RESUME, 0), 0);
    wait_event();
    good &= expect("VM whose state changed back", (int64_t)events.happened[BULKHEAD_EVENT_STATE],
                   (int64_t)bit(vm));
    return good & end();
}

static bool check_log_event(void)
{
    bool good = begin(0, 1 << BULKHEAD_EVENT_LOG);
    wait_event();
    while (manage_events(&events) != 0) {
    }
    print("manager: this wakes me\n");
    wait_event();
    return good & expect("log grew", (int64_t)events.happened[BULKHEAD_EVENT_LOG], 1) & end();
}

/* A VM that does not read: its UART's queue fills up, and room is told when it has some. */
static bool check_room(void)
{
    static char text[5000];
    uint32_t vm = find_vm("echo");
    if (!begin(vm, 1 << BULKHEAD_EVENT_ROOM)) {
        return false;
    }
    memset(text, '-', sizeof(text));
    text[sizeof(text) - 1] = '\n';
    wait_event();
    while (manage_events(&events) != 0) {
    }
    int64_t taken = manage_input(vm, text, sizeof(text));
    int64_t more = manage_input(vm, text + taken, sizeof(text) - (size_t)taken);
    bool good = expect("input fills up", taken + more < (int64_t)sizeof(text), true);
    wait_event();
    good &= expect("VM with room", (int64_t)events.happened[BULKHEAD_EVENT_ROOM], (int64_t)bit(vm));
    size_t rest = sizeof(text) - (size_t)(taken + more);
    good &= expect("the rest", manage_input(vm, text + taken + more, rest), (int64_t)rest);
    return good & end();
}

/* The numbers of VM "count" through a ring: none is missing, the ring's guard stays. */
static bool check_ring(void)
{
    struct ring *ring = &rings[0];
    uint32_t vm = find_vm("count");
    uint64_t number = 0;
    uint64_t last = 0;
    uint32_t lines = 0;
    open_ring(ring);
    bool good =
        begin(vm, 1 << BULKHEAD_EVENT_CONSOLE) &&
        expect("ring", manage_ring(BULKHEAD_STREAM_CONSOLE, vm, &ring->header, RING_SIZE), 0) &&
        expect("header is zeroed", (int64_t)ring->header.head, 0);
    while (good && lines < 200) {
        wait_event();
        for (; ring->header.tail != ring->header.head; ring->header.tail++) {
            char c = ring->data[ring->header.tail % RING_SIZE];
            if (c >= '0' && c <= '9') {
                number = number * 10 + (uint64_t)(c - '0');
            } else if (c == '\n') {
                good &= lines++ < 2 || number == 1 || /* a new life */
                        expect("line in the ring", (int64_t)number, (int64_t)last + 1);
                last = number;
                number = 0;
            }
        }
    }
    good &= guard_holds(ring);
    good &= expect("ring back", manage_ring(BULKHEAD_STREAM_CONSOLE, vm, NULL, 0), 0);
    return good & end();
}

/* Nobody reads: it fills up to its size and no byte more; then everything else follows. */
static bool check_full(void)
{
    static char line[100];
    struct ring *ring = &rings[0];
    struct bulkhead_machine m;
    manage_machine(&m);
    memset(line, 'f', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    open_ring(ring);
    bool good =
        expect("ring", manage_ring(BULKHEAD_STREAM_CONSOLE, m.self, &ring->header, RING_SIZE), 0);
    while (manage_events(&events), ring->header.head != ring->header.tail) {
        ring->header.tail = ring->header.head; /* what was printed before */
    }
    uint64_t start = ring->header.head;
    for (uint32_t i = 0; i < 30; i++) {
        hypercall(BULKHEAD_CALL_CONSOLE_WRITE, (uint64_t)line, sizeof(line), 0, 0, 0);
    }
    for (uint32_t i = 0; i < 4; i++) {
        manage_events(&events);
    }
    good &= expect("bytes in a full ring", (int64_t)(ring->header.head - start), RING_SIZE);
    good &= guard_holds(ring);
    uint64_t bytes = 0;
    while (ring->header.head != ring->header.tail) {
        for (; ring->header.tail != ring->header.head; ring->header.tail++) {
            char c = ring->data[ring->header.tail % RING_SIZE];
            good &= c == (bytes++ % sizeof(line) == sizeof(line) - 1 ? '\n' : 'f');
        }
        manage_events(&events);
    }
    good &= expect("all bytes in order", good, true);
    good &= expect("bytes through the ring", (int64_t)bytes, 30 * (int64_t)sizeof(line));
    good &= expect("missed", (int64_t)ring->header.missed, 0);
    return good & expect("ring back", manage_ring(BULKHEAD_STREAM_CONSOLE, m.self, NULL, 0), 0);
}

/* Positions that make no sense: the ring rests, and goes on when they do again. */
static bool check_nonsense(void)
{
    static const uint64_t values[] = {1, UINT64_C(1) << 63, 0 - (uint64_t)(RING_SIZE + 1),
                                      UINT64_C(1) << 32, 4096};
    struct ring *ring = &rings[0];
    struct bulkhead_machine m;
    manage_machine(&m);
    open_ring(ring);
    bool good =
        expect("ring", manage_ring(BULKHEAD_STREAM_CONSOLE, m.self, &ring->header, RING_SIZE), 0);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        memset(ring->data, 0, RING_SIZE);
        ring->header.tail = ring->header.head + values[i]; /* ahead of the writer */
        hypercall(BULKHEAD_CALL_CONSOLE_WRITE, (uint64_t) "nonsense\n", 9, 0, 0, 0);
        manage_events(&events);
        good &= expect("bytes moved by nonsense", events.moved, 0);
        for (size_t j = 0; j < RING_SIZE; j++) {
            good &= ring->data[j] == 0;
        }
        ring->header.tail -= values[i];
    }
    ring->header.head = UINT64_C(0x1111111111111111); /* is not read back */
    ring->header.tail = 0;
    manage_events(&events);
    good &= expect("bytes moved then", events.moved > 0 && events.moved <= RING_SIZE, true);
    good &= expect("head", (int64_t)ring->header.head, events.moved);
    good &= guard_holds(ring);
    return good & expect("ring back", manage_ring(BULKHEAD_STREAM_CONSOLE, m.self, NULL, 0), 0);
}

/* Typing by a ring, and the echo by another one. */
static bool check_ring_input(void)
{
    struct ring *in = &rings[0];
    struct ring *out = &rings[1];
    const uint64_t wanted = 3000;
    uint32_t vm = find_vm("echo");
    open_ring(in);
    open_ring(out);
    bool good =
        begin(vm, 1 << BULKHEAD_EVENT_CONSOLE | 1 << BULKHEAD_EVENT_ROOM) &&
        expect("ring in", manage_ring(BULKHEAD_STREAM_INPUT, vm, &in->header, RING_SIZE), 0) &&
        expect("ring out", manage_ring(BULKHEAD_STREAM_CONSOLE, vm, &out->header, RING_SIZE), 0);
    /* What it printed before. */
    while (good && (manage_events(&events), out->header.head != out->header.tail)) {
        out->header.tail = out->header.head;
    }
    uint64_t seen = 0;
    while (good && seen < wanted) {
        while (in->header.head < wanted && in->header.head - in->header.tail < RING_SIZE) {
            uint64_t at = in->header.head;
            in->data[at % RING_SIZE] = at % 50 == 49 ? '\n' : (char)('A' + at % 23);
            in->header.head = at + 1;
        }
        wait_event();
        for (; out->header.tail != out->header.head; out->header.tail++, seen++) {
            char c = seen % 50 == 49 ? '\n' : (char)('A' + seen % 23);
            if (out->data[out->header.tail % RING_SIZE] != c) {
                good = expect("byte through two rings", out->data[out->header.tail % RING_SIZE], c);
                break;
            }
        }
    }
    good &= expect("bytes read by the hypervisor", (int64_t)in->header.tail, (int64_t)wanted);
    good &= guard_holds(in) & guard_holds(out);
    manage_ring(BULKHEAD_STREAM_INPUT, vm, NULL, 0);
    manage_ring(BULKHEAD_STREAM_CONSOLE, vm, NULL, 0);
    return good & end();
}

static bool check_ring_log(void)
{
    struct ring *ring = &rings[2];
    open_ring(ring);
    bool good = expect("ring", manage_ring(BULKHEAD_STREAM_LOG, 0, &ring->header, RING_SIZE), 0);
    uint64_t bytes = 0;
    bool found = false;
    print("manager: log marker 0815\n");
    for (uint32_t i = 0; i < 100 && !found; i++) {
        manage_events(&events);
        for (; ring->header.tail != ring->header.head; ring->header.tail++, bytes++) {
            static const char marker[] = "marker 0815";
            static size_t matched;
            char c = ring->data[ring->header.tail % RING_SIZE];
            matched = c == marker[matched] ? matched + 1 : c == marker[0];
            if (matched == sizeof(marker) - 1) {
                matched = 0;
                found = true;
            }
        }
    }
    good &= guard_holds(ring) & expect("log marker in the ring", found, true);
    print("manager: %lu bytes of log, %lu missed\n", bytes, ring->header.missed);
    return good & expect("ring back", manage_ring(BULKHEAD_STREAM_LOG, 0, NULL, 0), 0);
}

/*
 * The first life registers everything and starts anew. The second one finds its memory as it was
 * loaded, whatever is printed meanwhile, and no interrupt that it did not ask for.
 */
static bool check_restart(void)
{
    struct bulkhead_facts facts;
    uint32_t vm = find_vm("count");
    hypercall_facts(&facts);
    if (facts.restarts == 0) {
        bool good =
            begin(vm, 15) &
            expect("ring", manage_ring(BULKHEAD_STREAM_CONSOLE, vm, &rings[0].header, RING_SIZE),
                   0) &
            expect("ring", manage_ring(BULKHEAD_STREAM_LOG, 0, &rings[1].header, RING_SIZE), 0);
        while (manage_events(&events) != 0) {
            rings[0].header.tail = rings[0].header.head;
            rings[1].header.tail = rings[1].header.head;
        }
        print("manager: restarts itself%s\n", good ? "" : " FAILED");
        hypercall(BULKHEAD_CALL_RESTART, 0, 0, 0, 0, 0);
        return false; /* is not reached */
    }
    struct bulkhead_vm before;
    struct bulkhead_vm after;
    manage_vm(vm, &before);
    rest_us(200000);
    manage_vm(vm, &after);
    uint32_t touched = 0;
    for (size_t i = 0; i < sizeof(rings); i++) {
        touched += ((const uint8_t *)rings)[i] != 0;
    }
    int64_t happened = manage_events(&events);
    return expect("VM count prints", after.console_position > before.console_position, true) &
           expect("bytes of old rings touched", touched, 0) & expect("events", happened, 0) &
           expect("moved", events.moved, 0) &
           expect("interrupts from nowhere", (int64_t)trap_stray_count(), 0);
}

const struct check checks_ring[] = {
    {"ring-restart", check_restart},
    {"doorbell", check_doorbell},
    {"coalesce", check_coalesce},
    {"state-event", check_state_event},
    {"log-event", check_log_event},
    {"room", check_room},
    {"ring", check_ring},
    {"ring-full", check_full},
    {"ring-nonsense", check_nonsense},
    {"ring-input", check_ring_input},
    {"ring-log", check_ring_log},
    {NULL, NULL},
};
