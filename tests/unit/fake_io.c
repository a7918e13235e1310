/* SPDX-License-Identifier: Apache-2.0 */
/* Ports and device memory of unit tests; see fake_io.h. */
#include "tests/unit/fake_io.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/io.h"

struct fake_io fake_io;

static uint32_t port_read(uint16_t port, unsigned size)
{
    uint32_t ones = size == 4 ? UINT32_MAX : (1u << size * 8) - 1;
    return fake_io.port_read != NULL ? fake_io.port_read(port, size) & ones : ones;
}

static void port_write(uint16_t port, unsigned size, uint32_t value)
{
    if (fake_io.port_write != NULL) {
        fake_io.port_write(port, size, value);
    }
}

static uint64_t mmio_read(const volatile void *address, unsigned size)
{
    uint64_t value = 0;
    if (fake_io.mmio_read != NULL) {
        return fake_io.mmio_read((uintptr_t)address, size);
    }
    memcpy(&value, (const void *)(uintptr_t)address, size);
    return value;
}

static void mmio_write(volatile void *address, unsigned size, uint64_t value)
{
    if (fake_io.mmio_write != NULL) {
        fake_io.mmio_write((uintptr_t)address, size, value);
        return;
    }
    memcpy((void *)(uintptr_t)address, &value, size);
}

uint8_t inb(uint16_t port)
{
    return (uint8_t)port_read(port, 1);
}

uint16_t inw(uint16_t port)
{
    return (uint16_t)port_read(port, 2);
}

uint32_t inl(uint16_t port)
{
    return port_read(port, 4);
}

void outb(uint16_t port, uint8_t value)
{
    port_write(port, 1, value);
}

void outw(uint16_t port, uint16_t value)
{
    port_write(port, 2, value);
}

void outl(uint16_t port, uint32_t value)
{
    port_write(port, 4, value);
}

uint8_t mmio_read8(const volatile void *address)
{
    return (uint8_t)mmio_read(address, 1);
}

uint16_t mmio_read16(const volatile void *address)
{
    return (uint16_t)mmio_read(address, 2);
}

uint32_t mmio_read32(const volatile void *address)
{
    return (uint32_t)mmio_read(address, 4);
}

uint64_t mmio_read64(const volatile void *address)
{
    return mmio_read(address, 8);
}

void mmio_write8(volatile void *address, uint8_t value)
{
    mmio_write(address, 1, value);
}

void mmio_write16(volatile void *address, uint16_t value)
{
    mmio_write(address, 2, value);
}

void mmio_write32(volatile void *address, uint32_t value)
{
    mmio_write(address, 4, value);
}

void mmio_write64(volatile void *address, uint64_t value)
{
    mmio_write(address, 8, value);
}

_Noreturn void io_triple_fault(void)
{
    if (fake_io.triple_fault == NULL) {
        abort();
    }
    longjmp(*fake_io.triple_fault, 1);
}
