/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on the instruction decoder: every opcode there is with memory that is not RAM, with
 * prefixes of all kinds, cut off by the end of a page, and instructions nobody decodes.
 */
#include <stddef.h>

#include "guests/hostile/attack.h"
#include "guests/runtime/hypercall.h"
#include "guests/runtime/layout.h"
#include "guests/runtime/memory.h"
#include "guests/runtime/startup.h"
#include "kernel/string.h"

#define FILLER          0xcc /* INT3: ends whatever was decoded differently than meant */
#define REP             0xf3
#define REPEATED_MAX    32 /* bytes before the page end at which a repetition stops */
#define CODE_MAX        64
#define HOLE            UINT64_C(0xd0000000) /* no RAM and no device in any VM */
#define PREFIX_MAX      4
#define MODRM_RDI       0x07 /* memory at [RDI], register field 0 */
#define OPCODE_0F       0x0f
#define SHORT_REPEAT    0x2f /* no MSR either */
#define LOW_END         UINT64_C(0x10000)
#define LOW_REFILL_RUNS 256

/* Code to run: INT3 before and behind it, so that short jumps end as well. */
static uint8_t code_page[4096] __attribute__((aligned(4096)));

/* The IOAPIC only where it is Bulkhead's: a real one would really send what we write. */
static uint64_t operand_address(void)
{
    switch (attack_below(hypercall_available() ? 4 : 3)) {
    case 3:
        return (uint64_t)memory_window_at(0xfec00000) + (attack_below(2) != 0 ? 0x10 : 0);
    case 1: /* across the end of the page, with nothing behind it */
        return (uint64_t)memory_window_at(HOLE) + 4096 - attack_below(8);
    default:
        return (uint64_t)memory_window_at(HOLE) + 4096 - 64 + attack_below(32);
    }
}

/* Instructions that would only end this VM, or are attacked elsewhere with care. */
static bool spared(const uint8_t *opcode)
{
    if (opcode[0] == 0xf4) { /* HLT with interrupts off */
        return true;
    }
    if (opcode[0] != OPCODE_0F) {
        return false;
    }
    switch (opcode[1]) {
    case 0x01: /* LGDT, LIDT, LMSW, MWAIT... */
    case 0x22: /* MOV to CR */
    case 0x23: /* MOV to DR */
    case 0xae: /* UMWAIT, TPAUSE */
        return true;
    default:
        return false;
    }
}

/*
 * With an address-size prefix or another base register the operand is at the bottom of memory:
 * INT3 stands there, so that a jump through it ends as well.
 */
static void refill_low_memory(void)
{
    static uint32_t runs;
    struct startup_range range;
    if (runs++ % LOW_REFILL_RUNS != 0) {
        return;
    }
    for (uint32_t i = 0; i < startup.range_count; i++) {
        range = startup.ranges[i];
        uint64_t end = range.end < LOW_END ? range.end : LOW_END;
        if (range.start < end) {
            memset((void *)range.start, FILLER, end - range.start);
        }
    }
}

/* repeat: the count of a repeated instruction, where the operand's end does not end it. */
static int run_bytes(uint64_t pointer, uint64_t repeat)
{
    refill_low_memory();
    struct attack_registers registers = {
        .code = code_page + CODE_MAX,
        .rax = attack_below(2) != 0 ? 0xffffffff : attack_value() | UINT64_C(0x100000000),
        .rcx = repeat,
        .rdx = 0xe000,
        .pointer = pointer,
    };
    return attack_run_code(&registers);
}

/* RCX as an MSR's number or a count: nothing, whatever takes it. */
static uint64_t strange_rcx(void)
{
    return attack_below(2) != 0 ? 0xffffffff : attack_below(16) + 0x40000000;
}

static uint32_t put_prefixes(uint8_t *at)
{
    static const uint8_t prefixes[] = {0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e, 0x36,
                                       0x3e, 0x26, 0x64, 0x65, 0x40, 0x48, 0x41};
    uint32_t count = (uint32_t)attack_below(PREFIX_MAX);
    for (uint32_t i = 0; i < count; i++) {
        at[i] = prefixes[attack_below(sizeof(prefixes))];
    }
    return count;
}

/* One- and two-byte opcodes in turn, always with the operand [RDI] or a register. */
static void run_opcode(uint64_t number)
{
    uint8_t *at = code_page + CODE_MAX;
    memset(code_page, FILLER, 3 * CODE_MAX);
    at += put_prefixes(at);
    uint8_t *opcode = at;
    if ((number & 0x100) != 0) {
        *at++ = OPCODE_0F;
    }
    *at++ = (uint8_t)number;
    if (spared(opcode)) {
        return;
    }
    uint8_t modrm = (uint8_t)(MODRM_RDI | (attack_below(8) << 3));
    *at = attack_below(4) == 0 ? (uint8_t)(modrm | 0xc0) : modrm;
    /* With an address-size prefix the operand is RAM, and does not end. */
    bool narrow = memchr(code_page + CODE_MAX, 0x67, PREFIX_MAX) != NULL;
    run_bytes(operand_address(), narrow ? SHORT_REPEAT : strange_rcx());
}

/* Three-byte maps, VEX, EVEX and XOP: forms a decoder for MMIO has no reason to know. */
static void run_maps(uint64_t number)
{
    static const uint8_t leads[][4] = {
        {0x0f, 0x38},
        {0x0f, 0x3a},
        {0xc5, 0xf8},
        {0xc4, 0xe1, 0x78},
        {0xc4, 0xe2, 0x79},
        {0xc4, 0xe3, 0x79},
        {0x62, 0xf1, 0x7c, 0x48},
        {0x8f, 0xe8, 0x78},
    };
    static const uint8_t lengths[] = {2, 2, 2, 3, 3, 3, 4, 3};
    uint8_t *at = code_page + CODE_MAX;
    size_t lead = (size_t)(number % sizeof(lengths));
    memset(code_page, FILLER, 3 * CODE_MAX);
    memcpy(at, leads[lead], 4);
    at += lengths[lead];
    *at++ = (uint8_t)(number / sizeof(lengths));
    *at = (uint8_t)(MODRM_RDI | (attack_below(8) << 3));
    run_bytes(operand_address(), strange_rcx());
}

/* Instructions that exit or touch a device, of known length; [RDI] where they have an operand. */
static const uint8_t known[][12] = {
    {2, 0x0f, 0xa2},                          /* cpuid */
    {2, 0x0f, 0x32},                          /* rdmsr */
    {2, 0x0f, 0x30},                          /* wrmsr */
    {3, 0x0f, 0x01, 0xc1},                    /* vmcall */
    {3, 0x0f, 0x01, 0xd1},                    /* xsetbv */
    {1, 0xee},                                /* outb */
    {1, 0xec},                                /* inb */
    {2, 0x0f, 0x09},                          /* wbinvd */
    {2, 0x8b, 0x07},                          /* mov (%rdi), %eax */
    {2, 0x89, 0x07},                          /* mov %eax, (%rdi) */
    {3, 0x48, 0x8b, 0x07},                    /* 64 bit */
    {3, 0x0f, 0xb6, 0x07},                    /* movzbl */
    {3, 0x0f, 0xbe, 0x07},                    /* movsbl */
    {6, 0xc7, 0x07, 0x01, 0x02, 0x03, 0x04},  /* movl $, (%rdi) */
    {3, 0xc6, 0x07, 0x05},                    /* movb $, (%rdi) */
    {2, 0x01, 0x07},                          /* add %eax, (%rdi) */
    {2, 0x87, 0x07},                          /* xchg */
    {4, 0xf0, 0x0f, 0xb1, 0x07},              /* lock cmpxchg */
    {4, 0xf0, 0x0f, 0xc7, 0x0f},              /* lock cmpxchg8b */
    {5, 0xf0, 0x48, 0x0f, 0xc7, 0x0f},        /* lock cmpxchg16b */
    {2, 0xf3, 0xa4},                          /* rep movsb */
    {2, 0xf3, 0xab},                          /* rep stosl */
    {2, 0xff, 0x37},                          /* push (%rdi) */
    {2, 0x8f, 0x07},                          /* pop (%rdi) */
    {2, 0xff, 0x17},                          /* call *(%rdi) */
    {2, 0xff, 0x2f},                          /* ljmp *(%rdi) */
    {2, 0x8e, 0x1f},                          /* mov (%rdi), %ds */
    {3, 0x0f, 0x00, 0x17},                    /* lldt (%rdi) */
    {3, 0x0f, 0x10, 0x07},                    /* movups (%rdi), %xmm0 */
    {3, 0x0f, 0x11, 0x07},                    /* movups %xmm0, (%rdi) */
    {2, 0xdd, 0x07},                          /* fldl (%rdi) */
    {3, 0x0f, 0xae, 0x07},                    /* fxsave (%rdi) */
    {3, 0x0f, 0xae, 0x0f},                    /* fxrstor (%rdi) */
    {3, 0x0f, 0xae, 0x3f},                    /* clflush (%rdi) */
    {3, 0x0f, 0x01, 0x3f},                    /* invlpg (%rdi) */
    {3, 0x0f, 0x01, 0x07},                    /* sgdt (%rdi) */
    {3, 0x0f, 0x01, 0x27},                    /* smsw (%rdi) */
    {10, 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8}, /* movabs */
    {11, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x8b, 0x07}, /* many prefixes */
};

static void run_known(uint64_t number)
{
    const uint8_t *row = known[number % (sizeof(known) / sizeof(known[0]))];
    memset(code_page, FILLER, 3 * CODE_MAX);
    memcpy(code_page + CODE_MAX, row + 1, row[0]);
    /* A repeated instruction is to reach the end of the page soon: each step is an exit. */
    bool repeated = row[1] == REP;
    run_bytes(repeated ? (uint64_t)memory_window_at(HOLE) + 4096 - attack_below(REPEATED_MAX)
                       : operand_address(),
              strange_rcx());
}

/*
 * The same, lying across a page end. Its second page is RAM elsewhere, or is missing. The operand
 * then has to be outside the window: one of its own pages serves as RAM instead.
 */
static void run_crossing(uint64_t number)
{
    const uint8_t *row = known[number % (sizeof(known) / sizeof(known[0]))];
    uint8_t *first = attack_scratch;
    uint8_t *second = attack_scratch + 2 * 4096; /* not the page that follows in memory */
    uint32_t inside = (uint32_t)attack_below(row[0]);
    memset(first, FILLER, 4096);
    memset(second, FILLER, CODE_MAX);
    memcpy(first + 4096 - inside, row + 1, inside);
    memcpy(second, row + 1 + inside, row[0] - inside);

    uint8_t *linear = memory_window(0, (uint64_t)first | PTE_PRESENT | PTE_WRITE);
    bool missing = attack_below(3) == 0;
    memory_window(1, missing ? 0 : (uint64_t)second | PTE_PRESENT | PTE_WRITE);
    uint64_t operand = (uint64_t)memory_window(2, HOLE | PTE_PRESENT | PTE_WRITE);
    uint32_t left = row[1] == REP ? REPEATED_MAX : 4096; /* each repetition is an exit */
    struct attack_registers registers = {
        .code = linear + 4096 - inside,
        .rax = 0xffffffff,
        .rcx = 0xffffffff,
        .rdx = 0xe000,
        .pointer = operand + 4096 - 1 - attack_below(left),
    };
    attack_run_code(&registers);
    memory_window(1, 0);
    memory_window(2, 0);
}

/* Longer than an instruction may be: only prefixes, up to and over the limit of 15 bytes. */
static void run_long(uint64_t number)
{
    uint32_t prefixes = 8 + (uint32_t)(number % 12);
    memset(code_page, FILLER, 3 * CODE_MAX);
    memset(code_page + CODE_MAX, (number & 1) != 0 ? 0x66 : 0x2e, prefixes);
    memcpy(code_page + CODE_MAX + prefixes, known[8 + number % 8] + 1, known[8 + number % 8][0]);
    run_bytes(operand_address(), strange_rcx());
}

static const struct attack table[] = {
    {"mmio-opcode", "one- and two-byte opcodes on foreign memory: done or refused", run_opcode, 8},
    {"mmio-maps", "vector and three-byte opcodes on foreign memory", run_maps, 5},
    {"mmio-known", "what a decoder should know, on foreign memory", run_known, 4},
    {"mmio-crossing", "instructions across a page end are fetched from the right pages",
     run_crossing, 4},
    {"mmio-long", "instructions of up to and over 15 bytes", run_long, 1},
};

const struct attack_list attacks_mmio = {table, sizeof(table) / sizeof(table[0])};
