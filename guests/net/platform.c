/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers, crashes, and the few functions that lwIP wants from a C library.
 */
#include "guests/net/platform.h"

#include <stddef.h>

#include <lwip/ip_addr.h>

#include "guests/net/libc/stdlib.h"
#include "guests/net/lwip/lwip_hooks.h"
#include "guests/net/siphash.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/trap.h"
#include "kernel/string.h"

#define CPUID_1_ECX_RDRAND (1u << 30)
#define ISN_TICK_SHIFT     13 /* some 4 us at 2 GHz: RFC 6528 wants a clock of that pace */
#define STIRS              64

static uint64_t secret[2];
static uint64_t drawn;

static uint64_t hardware_random(void)
{
    uint64_t value = 0;
    if ((cpu_cpuid(1, 0).ecx & CPUID_1_ECX_RDRAND) != 0) {
        __asm__ volatile("rdrand %0" : "+r"(value) : : "cc");
    }
    return value;
}

void net_random_init(void)
{
    for (unsigned i = 0; i < STIRS; i++) {
        uint64_t now[2] = {cpu_rdtsc(), i % 8 == 0 ? hardware_random() : i};
        secret[i & 1] ^= siphash(secret, (const uint8_t *)now, sizeof(now));
    }
}

uint32_t net_random(void)
{
    uint64_t now[2] = {cpu_rdtsc(), ++drawn};
    return (uint32_t)siphash(secret, (const uint8_t *)now, sizeof(now));
}

u32_t net_hook_isn(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                   u16_t remote_port)
{
    struct {
        ip_addr_t local;
        ip_addr_t remote;
        uint16_t ports[2];
    } connection;
    memset(&connection, 0, sizeof(connection));
    ip_addr_copy(connection.local, *local);
    ip_addr_copy(connection.remote, *remote);
    connection.ports[0] = local_port;
    connection.ports[1] = remote_port;
    return (u32_t)siphash(secret, (const uint8_t *)&connection, sizeof(connection)) +
           (u32_t)(cpu_rdtsc() >> ISN_TICK_SHIFT);
}

/* A triple fault: the next exception finds no IDT. */
_Noreturn static void crash(void)
{
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) none = {0, 0};
    console_drain();
    __asm__ volatile("lidt %0; int3" : : "m"(none));
    cpu_stop();
}

_Noreturn void net_lwip_failed(const char *what)
{
    print("\nnet: lwIP: %s\n", what);
    crash();
}

static void on_exception(struct trap_frame *frame)
{
    print("\nnet: %s, error 0x%lx, at 0x%lx, address 0x%lx\n", trap_name((unsigned)frame->vector),
          frame->error, frame->rip, cpu_read_cr2());
    crash();
}

void net_survive_init(void)
{
    for (unsigned vector = 0; vector < TRAP_EXTERNAL; vector++) {
        trap_set_handler(vector, on_exception);
    }
}

int atoi(const char *text)
{
    int value = 0;
    while (*text >= '0' && *text <= '9') {
        value = value * 10 + (*text++ - '0');
    }
    return value;
}
