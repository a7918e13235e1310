/* SPDX-License-Identifier: Apache-2.0 */
/* Every call with every argument that it has to refuse; and memory that must stay as it is. */
#include "guests/manager/manager.h"
#include "guests/runtime/console.h"
#include "guests/runtime/memory.h"
#include "kernel/string.h"

#define ANY UINT64_C(0x123456789)

struct wrong {
    const char *what;
    uint64_t number;
    uint64_t arguments[5];
    int64_t result;
};

/* Placeholders for addresses that are known at run time only. */
#define OWN  UINT64_C(0xaaaa000000000000) /* ours, aligned */
#define EDGE UINT64_C(0xbbbb000000000000) /* the last 64 bytes of RAM */
#define OUT  UINT64_C(0xcccc000000000000) /* the first address behind RAM */
#define WRAP UINT64_C(0xffffffffffffffc0)
#define FAR  UINT64_C(0x7fffffffffffffc0)

static const struct wrong wrongs[] = {
    {"machine: no size", 0x100, {OWN, 7}, -BULKHEAD_EINVAL},
    {"machine: behind RAM", 0x100, {OUT, 64}, -BULKHEAD_EFAULT},
    {"machine: across the end", 0x100, {EDGE, 65}, -BULKHEAD_EFAULT},
    {"machine: wraps", 0x100, {WRAP, ANY}, -BULKHEAD_EFAULT},
    {"VM: no such", 0x101, {99, OWN, 64}, -BULKHEAD_ENOENT},
    {"VM: huge", 0x101, {UINT64_MAX, OWN, 64}, -BULKHEAD_ENOENT},
    {"VM: 32 bits are not all", 0x101, {UINT64_C(1) << 32, OWN, 64}, -BULKHEAD_ENOENT},
    {"VM: behind RAM", 0x101, {0, OUT, 64}, -BULKHEAD_EFAULT},
    {"vCPU: no VM", 0x102, {99, 0, OWN, 64}, -BULKHEAD_ENOENT},
    {"vCPU: no such", 0x102, {0, 64, OWN, 64}, -BULKHEAD_ENOENT},
    {"vCPU: behind RAM", 0x102, {0, 0, OUT, 64}, -BULKHEAD_EFAULT},
    {"vCPU: no size", 0x102, {0, 0, OWN, 0}, -BULKHEAD_EINVAL},
    {"control: no VM", 0x103, {99, 0, 0}, -BULKHEAD_ENOENT},
    {"control: no action", 0x103, {0, 6, 0}, -BULKHEAD_EINVAL},
    {"control: action of 64 bits", 0x103, {0, UINT64_C(1) << 32, 0}, -BULKHEAD_EINVAL},
    {"read: no stream", 0x104, {5, 0, 0, OWN, 64}, -BULKHEAD_EINVAL},
    {"read: input", 0x104, {1, 0, 0, OWN, 64}, -BULKHEAD_EINVAL},
    {"read: no VM", 0x104, {0, 99, 0, OWN, 64}, -BULKHEAD_ENOENT},
    {"read: size 31", 0x104, {0, 0, 0, OWN, 31}, -BULKHEAD_EINVAL},
    {"read: behind RAM", 0x104, {0, 0, 0, OUT, 64}, -BULKHEAD_EFAULT},
    {"read: across the end", 0x104, {0, 0, 0, EDGE, 65}, -BULKHEAD_EFAULT},
    {"read: huge across the end", 0x104, {2, 0, 0, EDGE, UINT64_MAX}, -BULKHEAD_EFAULT},
    {"read: wraps", 0x104, {2, 0, 0, WRAP, UINT64_MAX}, -BULKHEAD_EFAULT},
    {"input: no VM", 0x105, {99, OWN, 1}, -BULKHEAD_ENOENT},
    {"input: behind RAM", 0x105, {0, OUT, 1}, -BULKHEAD_EFAULT},
    {"input: huge", 0x105, {0, EDGE, UINT64_MAX}, -BULKHEAD_EFAULT},
    {"input: wraps", 0x105, {0, WRAP, 128}, -BULKHEAD_EFAULT},
    {"ring: no stream", 0x106, {3, 0, OWN, 1024}, -BULKHEAD_EINVAL},
    {"ring: no VM", 0x106, {0, 99, OWN, 1024}, -BULKHEAD_ENOENT},
    {"ring: log of VM 1", 0x106, {2, 1, OWN, 1024}, -BULKHEAD_ENOENT},
    {"ring: misaligned", 0x106, {0, 0, OWN + 8, 1024}, -BULKHEAD_EINVAL},
    {"ring: too small", 0x106, {0, 0, OWN, 512}, -BULKHEAD_EINVAL},
    {"ring: no power of two", 0x106, {0, 0, OWN, 1536}, -BULKHEAD_EINVAL},
    {"ring: too large", 0x106, {0, 0, OWN, 131072}, -BULKHEAD_EINVAL},
    {"ring: 2^63", 0x106, {0, 0, OWN, UINT64_C(1) << 63}, -BULKHEAD_EINVAL},
    {"ring: 2^32 + 1024", 0x106, {0, 0, OWN, (UINT64_C(1) << 32) + 1024}, -BULKHEAD_EINVAL},
    {"ring: behind RAM", 0x106, {0, 0, OUT, 1024}, -BULKHEAD_EFAULT},
    {"ring: header inside, data outside", 0x106, {0, 0, EDGE, 1024}, -BULKHEAD_EFAULT},
    {"ring: wraps", 0x106, {0, 0, WRAP, 1024}, -BULKHEAD_EFAULT},
    {"ring: far away", 0x106, {2, 0, FAR, 1024}, -BULKHEAD_EFAULT},
    {"notify: vector of an exception", 0x107, {31, 0, 1, 1}, -BULKHEAD_EINVAL},
    {"notify: vector 256", 0x107, {256, 0, 1, 1}, -BULKHEAD_EINVAL},
    {"notify: no such event", 0x107, {64, 0, 16, 1}, -BULKHEAD_EINVAL},
    {"notify: no such vCPU", 0x107, {64, 64, 1, 1}, -BULKHEAD_ENOENT},
    {"events: behind RAM", 0x108, {OUT, 40}, -BULKHEAD_EFAULT},
    {"events: no size", 0x108, {OWN, 7}, -BULKHEAD_EINVAL},
    {"events: wraps", 0x108, {WRAP, UINT64_MAX}, -BULKHEAD_EFAULT},
    {"log level: 5", 0x109, {5}, -BULKHEAD_EINVAL},
    {"log level: 32 bits", 0x109, {UINT32_MAX}, -BULKHEAD_EINVAL},
    {"machine end: not sure", 0x10a, {0, 0}, -BULKHEAD_EINVAL},
    {"machine end: no such", 0x10a, {2, BULKHEAD_MACHINE_END_SURE}, -BULKHEAD_EINVAL},
    {"no such call", 0x10c, {0}, -BULKHEAD_ENOSYS},
    {"no such call", UINT64_MAX, {0}, -BULKHEAD_ENOSYS},
    {"no such call", UINT64_C(1) << 32 | 0x100, {OWN, 64}, -BULKHEAD_ENOSYS},
    {"no such call", 0xff, {0}, -BULKHEAD_ENOSYS},
};

static uint8_t own[4096] __attribute__((aligned(64)));

static uint64_t real(uint64_t argument)
{
    uint64_t low = argument & 0xffff;
    switch (argument & ~UINT64_C(0xffff)) {
    case OWN:
        return (uint64_t)own + low;
    case EDGE:
        return memory_ram_end() - 64 + low;
    case OUT:
        return memory_ram_end() + low;
    default:
        return argument;
    }
}

static bool check_errors(void)
{
    uint32_t good = 0;
    const uint32_t count = sizeof(wrongs) / sizeof(wrongs[0]);
    uint8_t *edge = (uint8_t *)(memory_ram_end() - 64);
    memset(own, 0xa5, sizeof(own));
    memset(edge, 0xa5, 64);
    for (uint32_t i = 0; i < count; i++) {
        const struct wrong *w = &wrongs[i];
        const uint64_t *a = w->arguments;
        good +=
            expect(w->what,
                   hypercall(w->number, real(a[0]), real(a[1]), real(a[2]), real(a[3]), real(a[4])),
                   w->result);
    }
    uint32_t touched = 0;
    for (size_t i = 0; i < sizeof(own); i++) {
        touched += own[i] != 0xa5;
    }
    for (size_t i = 0; i < 64; i++) {
        touched += edge[i] != 0xa5;
    }
    print("manager: %u of %u wrong calls refused, %u bytes touched\n", good, count, touched);
    return good == count && touched == 0;
}

const struct check checks_errors[] = {{"errors", check_errors}, {NULL, NULL}};
