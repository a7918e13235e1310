/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports and device memory: the only way drivers and kernel reach hardware registers.
 * Freestanding code gets the instructions inline. A hosted program (unit test, tool) cannot execute
 * them, so there the same names are ordinary functions that the program brings along, see
 * tests/unit/fake_io.h. Nothing here waits, checks or orders beyond the one access.
 */
#ifndef KERNEL_IO_H
#define KERNEL_IO_H

#include <stddef.h>
#include <stdint.h>

#if __STDC_HOSTED__

uint8_t inb(uint16_t port);
uint16_t inw(uint16_t port);
uint32_t inl(uint16_t port);
void outb(uint16_t port, uint8_t value);
void outw(uint16_t port, uint16_t value);
void outl(uint16_t port, uint32_t value);
uint8_t mmio_read8(const volatile void *address);
uint16_t mmio_read16(const volatile void *address);
uint32_t mmio_read32(const volatile void *address);
uint64_t mmio_read64(const volatile void *address);
void mmio_write8(volatile void *address, uint8_t value);
void mmio_write16(volatile void *address, uint16_t value);
void mmio_write32(volatile void *address, uint32_t value);
void mmio_write64(volatile void *address, uint64_t value);
_Noreturn void io_triple_fault(void);

#else

static inline uint8_t inb(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline uint16_t inw(uint16_t port)
{
    uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline uint32_t inl(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void outw(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

/*
 * Device memory must be mapped uncached and `address` be a multiple of the access's size. Each call
 * is one MOV of exactly that size, which the compiler neither drops, splits nor repeats.
 */
static inline uint8_t mmio_read8(const volatile void *address)
{
    uint8_t value;
    __asm__ volatile("movb %1, %0"
                     : "=q"(value)
                     : "m"(*(const volatile uint8_t *)address)
                     : "memory");
    return value;
}

static inline uint16_t mmio_read16(const volatile void *address)
{
    uint16_t value;
    __asm__ volatile("movw %1, %0"
                     : "=r"(value)
                     : "m"(*(const volatile uint16_t *)address)
                     : "memory");
    return value;
}

static inline uint32_t mmio_read32(const volatile void *address)
{
    uint32_t value;
    __asm__ volatile("movl %1, %0"
                     : "=r"(value)
                     : "m"(*(const volatile uint32_t *)address)
                     : "memory");
    return value;
}

static inline uint64_t mmio_read64(const volatile void *address)
{
    uint64_t value;
    __asm__ volatile("movq %1, %0"
                     : "=r"(value)
                     : "m"(*(const volatile uint64_t *)address)
                     : "memory");
    return value;
}

static inline void mmio_write8(volatile void *address, uint8_t value)
{
    __asm__ volatile("movb %1, %0" : "=m"(*(volatile uint8_t *)address) : "q"(value) : "memory");
}

static inline void mmio_write16(volatile void *address, uint16_t value)
{
    __asm__ volatile("movw %1, %0" : "=m"(*(volatile uint16_t *)address) : "r"(value) : "memory");
}

static inline void mmio_write32(volatile void *address, uint32_t value)
{
    __asm__ volatile("movl %1, %0" : "=m"(*(volatile uint32_t *)address) : "r"(value) : "memory");
}

static inline void mmio_write64(volatile void *address, uint64_t value)
{
    __asm__ volatile("movq %1, %0" : "=m"(*(volatile uint64_t *)address) : "r"(value) : "memory");
}

/* Shuts the processor down with an IDT of size 0 and an exception: chipsets answer with a reset. */
static inline _Noreturn void io_triple_fault(void)
{
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) no_idt = {0, 0};
    __asm__ volatile("lidt %0; ud2" : : "m"(no_idt) : "memory");
    __builtin_unreachable();
}

#endif

/* Fills count*8 bytes from address with one value, by 8-byte stores only. */
static inline void io_fill64(void *address, uint64_t value, size_t count)
{
    __asm__ volatile("rep stosq" : "+D"(address), "+c"(count) : "a"(value) : "memory");
}

#endif
