/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on I/O ports: every port with every size, strings, and what ends the physical machine.
 */
#include <stddef.h>

#include "guests/hostile/attack.h"
#include "guests/runtime/acpi.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/hypercall.h"
#include "guests/runtime/memory.h"
#include "kernel/string.h"

#define PORT_COUNT      0x10000u
#define PORT_STEP       40503u
#define SPARED_MAX      16
#define POWER_PORTS_MAX 8

/* Ports that end this VM by design; the last byte of an access to any of them is spared. */
static const uint16_t ending_ports[] = {0x64, 0x92, 0xcf9, 0x610 /* the watchdog begins */};

static uint16_t spared[SPARED_MAX];
static uint32_t spared_count;

static void find_spared(void)
{
    uint16_t power[POWER_PORTS_MAX];
    uint32_t count = acpi_power_ports(power, POWER_PORTS_MAX);
    for (size_t i = 0; i < sizeof(ending_ports) / sizeof(ending_ports[0]); i++) {
        spared[spared_count++] = ending_ports[i];
    }
    for (uint32_t i = 0; i < count; i++) {
        spared[spared_count++] = power[i];
        spared[spared_count++] = (uint16_t)(power[i] + 1); /* PM1_CNT is 16 bits wide */
    }
    spared_count = spared_count < SPARED_MAX ? spared_count : SPARED_MAX;
}

static bool is_spared(uint32_t port, uint32_t size)
{
    if (spared_count == 0) {
        find_spared();
    }
    for (uint32_t i = 0; i < spared_count; i++) {
        if (port <= spared[i] && spared[i] < port + size) {
            return true;
        }
    }
    return false;
}

struct access {
    uint16_t port;
    uint8_t size;
    uint32_t value;
};

static void read_port(void *argument)
{
    struct access *access = argument;
    switch (access->size) {
    case 1:
        access->value = cpu_in8(access->port);
        break;
    case 2:
        access->value = cpu_in16(access->port);
        break;
    default:
        access->value = cpu_in32(access->port);
    }
}

static void write_port(void *argument)
{
    const struct access *access = argument;
    switch (access->size) {
    case 1:
        cpu_out8(access->port, (uint8_t)access->value);
        break;
    case 2:
        cpu_out16(access->port, (uint16_t)access->value);
        break;
    default:
        cpu_out32(access->port, access->value);
    }
}

static bool is_uart(uint32_t port)
{
    return port + 3 >= UART_BASE && port <= UART_SCR;
}

/* Also run natively, with nothing left but reads, for the sake of the other attacks there. */
static void run_sweep(uint64_t number)
{
    uint16_t port = (uint16_t)(number % PORT_COUNT * PORT_STEP % PORT_COUNT);
    for (uint8_t size = 1; size <= 4; size = (uint8_t)(size * 2)) {
        struct access access = {.port = port, .size = size};
        attack_try(read_port, &access);
        access.value = (uint32_t)attack_value();
        if (!is_spared(port, size) && hypercall_available()) {
            attack_try(write_port, &access);
        }
    }
    if (is_uart(port)) {
        console_init();
    }
}

/* INS and OUTS: the operand size, direction, repetition and buffer are anything. */
static const uint8_t string_code[][4] = {
    {0x6c, 0xc3},             /* insb */
    {0x66, 0x6d, 0xc3},       /* insw */
    {0x6d, 0xc3},             /* insl */
    {0x6e, 0xc3},             /* outsb */
    {0x66, 0x6f, 0xc3},       /* outsw */
    {0x6f, 0xc3},             /* outsl */
    {0xf3, 0x6c, 0xc3},       /* rep insb */
    {0xf3, 0x6d, 0xc3},       /* rep insl */
    {0xf3, 0x6e, 0xc3},       /* rep outsb */
    {0xf3, 0x6f, 0xc3},       /* rep outsl */
    {0xf3, 0x67, 0x6e, 0xc3}, /* rep outsb with 32-bit addresses */
    {0xf2, 0x6d, 0xc3},       /* repne insl */
};

/* The buffer is RAM, foreign memory, or nothing; after two pages there is nothing in any case. */
static uint64_t string_buffer(void)
{
    switch (attack_below(4)) {
    case 0: /* seldom a whole page: each element takes its time */
        return (uint64_t)memory_window_at((uint64_t)attack_scratch) + 4096 -
               (2u << attack_below(12));
    case 1:
        return (uint64_t)memory_window_at((uint64_t)attack_scratch) + 4090 + attack_below(6);
    case 2:
        return (uint64_t)memory_window_at(attack_foreign_address() & 0xffffffffff);
    default:
        return attack_value() | UINT64_C(0x0000400000000000);
    }
}

static void run_string(uint64_t number)
{
    static uint8_t code[8];
    uint64_t port = attack_below(4) == 0 ? attack_below(PORT_COUNT) : 0xe000 + attack_below(256);
    memcpy(code, string_code[number % (sizeof(string_code) / sizeof(string_code[0]))], 4);
    if (is_spared((uint32_t)port, 4) || is_uart((uint32_t)port)) {
        return;
    }
    bool narrow = code[1] == 0x67; /* the address is then low RAM, and does not end */
    struct attack_registers registers = {
        .code = code,
        .rcx = attack_below(16) == 0 && !narrow ? attack_value() : attack_below(64),
        .rdx = port,
        .pointer = string_buffer(),
    };
    attack_run_code(&registers);
}

static void write_ports(uint16_t port, const char *bytes)
{
    for (; *bytes != '\0'; bytes++) {
        struct access access = {.port = port, .size = 1, .value = (uint8_t)*bytes};
        attack_try(write_port, &access);
    }
}

/* What switches off or resets the machine below, not this VM. */
static void run_machine(uint64_t number)
{
    if (!hypercall_available()) {
        return;
    }
    static const struct {
        uint16_t port;
        uint16_t value;
    } power[] = {
        {0xb004, 0x2000}, {0xb004, 0x3c00}, {0x604, 0x2000}, {0x404, 0x2000}, {0x1804, 0x3c00},
        {0x404, 0x3c00},  {0xb2, 0x01},     {0xb3, 0x01},    {0xf4, 0x01},
    };
    size_t i = (size_t)(number % (sizeof(power) / sizeof(power[0]) + 1));
    if (i == sizeof(power) / sizeof(power[0])) {
        write_ports(0x8900, "Shutdown");
        return;
    }
    if (!is_spared(power[i].port, 2)) {
        struct access access = {.port = power[i].port, .size = 2, .value = power[i].value};
        attack_try(write_port, &access);
    }
}

/* PCI configuration space: any function, any register, both widths of any alignment. */
static void run_pci(uint64_t number)
{
    struct access address = {.port = 0xcf8, .size = 4};
    struct access data = {.port = (uint16_t)(0xcfc + attack_below(4))};
    data.size = (uint8_t)(1u << attack_below(data.port == 0xcfc ? 3 : 1));
    address.value = (number & 1) != 0 ? (uint32_t)attack_value()
                                      : 0x80000000u | (uint32_t)attack_below(0x1000000);
    attack_try(write_port, &address);
    attack_try(read_port, &data);
    data.value = (uint32_t)attack_value();
    attack_try(write_port, &data);
}

static const struct attack table[] = {
    {"port-sweep", "ports not handed over read ones and drop writes, in every size", run_sweep, 12},
    {"port-string", "INS and OUTS end at the fault that hardware gives", run_string, 4},
    {"port-machine", "the machine's power-off, reset and SMI ports do nothing", run_machine, 1},
    {"port-pci", "configuration space shows only what is assigned", run_pci, 2},
};

const struct attack_list attacks_port = {table, sizeof(table) / sizeof(table[0])};
