/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on physical memory that is not the VM's: what lies around and beyond its RAM, device
 * pages, and wherever a hypervisor could have put itself.
 */
#include <stddef.h>

#include "guests/hostile/attack.h"
#include "guests/runtime/apic.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/hypercall.h"
#include "guests/runtime/layout.h"
#include "guests/runtime/memory.h"

#define SWEEP_LIMIT  UINT64_C(0x8000000000) /* 512 GiB */
#define SWEEP_PAGE   UINT64_C(0x200000)
#define SWEEP_COUNT  (SWEEP_LIMIT / SWEEP_PAGE)
#define SWEEP_STEP   100003u /* odd: every 2 MiB piece comes once a round */

#define IOAPIC_PAGE  UINT64_C(0xfec00000)
#define HPET_PAGE    UINT64_C(0xfed00000)
#define DEVICES_END  UINT64_C(0xfef00000)
#define IOAPIC_REDIR 0x10
#define IOAPIC_PINS  24
#define IOAPIC_MASK  0x10000u

struct access {
    uint64_t linear;
    uint64_t value;
    uint32_t size; /* 1, 2, 4, 8 */
    bool write;
};

static void access_memory(void *argument)
{
    struct access *a = argument;
    if (a->write) {
        switch (a->size) {
        case 1:
            *(volatile uint8_t *)a->linear = (uint8_t)a->value;
            break;
        case 2:
            *(volatile uint16_t *)a->linear = (uint16_t)a->value;
            break;
        case 4:
            *(volatile uint32_t *)a->linear = (uint32_t)a->value;
            break;
        default:
            *(volatile uint64_t *)a->linear = a->value;
        }
        return;
    }
    switch (a->size) {
    case 1:
        a->value = *(volatile uint8_t *)a->linear;
        break;
    case 2:
        a->value = *(volatile uint16_t *)a->linear;
        break;
    case 4:
        a->value = *(volatile uint32_t *)a->linear;
        break;
    default:
        a->value = *(volatile uint64_t *)a->linear;
    }
}

static uint64_t all_ones(uint32_t size)
{
    return size == 8 ? ~UINT64_C(0) : ((uint64_t)1 << (size * 8)) - 1;
}

/* True where neither RAM nor a device of this VM can be: below Bulkhead it reads ones. */
static bool is_void(uint64_t address)
{
    return hypercall_available() && address >= memory_ram_end() &&
           (address < IOAPIC_PAGE || address >= DEVICES_END);
}

static void read_foreign(uint64_t address, uint32_t size)
{
    struct access access = {.linear = (uint64_t)memory_window_at(address), .size = size};
    if (attack_try(access_memory, &access) < 0 && is_void(address) &&
        access.value != all_ones(size)) {
        attack_suspect("memory outside the VM", address, access.value);
    }
}

static void write_foreign(uint64_t address, uint32_t size)
{
    struct access access = {.linear = (uint64_t)memory_window_at(address),
                            .size = size,
                            .value = attack_random(),
                            .write = true};
    attack_try(access_memory, &access);
}

static void run_sweep(uint64_t number)
{
    uint64_t address = number % SWEEP_COUNT * SWEEP_STEP % SWEEP_COUNT * SWEEP_PAGE;
    address += attack_below(SWEEP_PAGE / 8) * 8;
    if (address < memory_ram_end()) {
        address += memory_ram_end();
    }
    if (!attack_is_real_device(address)) {
        read_foreign(address, 8);
    }
}

static void run_beyond(uint64_t number)
{
    uint64_t address = attack_foreign_address();
    uint32_t size = 1u << attack_below(4);
    (void)number;
    if (address - APIC_PAGE < 4096) {
        return; /* run_devices() knows what may be written there */
    }
    read_foreign(address, size);
    write_foreign(address, size);
    read_foreign(address, size);
}

/* The pages that a VM's RAM ends at, with accesses that lie across the end. */
static void run_edge(uint64_t number)
{
    uint64_t end = memory_ram_end();
    uint8_t *linear = memory_window(0, (uint64_t)attack_scratch | PTE_PRESENT | PTE_WRITE);
    memory_window(1, end | PTE_PRESENT | PTE_WRITE);
    struct access access = {.linear = (uint64_t)linear + 4097 - (1 + number % 8),
                            .size = 2u << attack_below(3),
                            .value = attack_random(),
                            .write = (number & 8) != 0};
    attack_try(access_memory, &access);
    memory_window(1, 0);
}

/* After random values in the IOAPIC: every pin masked again. */
static void mask_ioapic(void)
{
    uint64_t page = (uint64_t)memory_window_at(IOAPIC_PAGE);
    for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++) {
        cpu_write32(page, IOAPIC_REDIR + 2 * pin);
        cpu_write32(page + 0x10, IOAPIC_MASK);
    }
}

static void run_ioapic(uint64_t number)
{
    if (!hypercall_available()) {
        return; /* a real one would really send what we write */
    }
    struct access access = {.linear = (uint64_t)memory_window_at(IOAPIC_PAGE), .write = true};
    uint64_t page = access.linear;
    access.size = 4;
    access.value = attack_below(4) == 0 ? attack_value() : attack_below(0x40);
    attack_try(access_memory, &access);
    access.linear = page + 0x10;
    access.value = attack_value();
    attack_try(access_memory, &access);
    access.linear = page + attack_below(4096 - 8);
    access.size = 1u << attack_below(4);
    access.write = (number & 1) != 0;
    attack_try(access_memory, &access);
    if (number % 64 == 63) {
        mask_ioapic();
    }
}

/* The local APIC's page, which does not answer while the x2APIC is on; HPET, TPM, flash, VGA. */
static void run_devices(uint64_t number)
{
    static const uint64_t pages[] = {
        HPET_PAGE,
        UINT64_C(0xfed40000),
        UINT64_C(0xfee00000),
        UINT64_C(0xffc00000),
        UINT64_C(0xfff00000),
        UINT64_C(0xe0000000),
        UINT64_C(0xb0000000),
        UINT64_C(0x80000000),
        UINT64_C(0xfebc0000),
        UINT64_C(0xfed90000),
        UINT64_C(0xfec80000),
        UINT64_C(0xd0000000),
    };
    uint64_t page = pages[number % (sizeof(pages) / sizeof(pages[0]))];
    bool apic = page == APIC_PAGE && !apic_is_x2apic(); /* ours: an ICR could end the VM */
    if (apic || page < memory_ram_end() || !hypercall_available()) {
        return;
    }
    struct access access = {
        .linear = (uint64_t)memory_window_at(page) + attack_below(4096 - 8),
        .size = 1u << attack_below(4),
        .value = attack_value(),
        .write = attack_below(2) != 0,
    };
    attack_try(access_memory, &access);
}

/* A page table entry with anything in it. */
static void run_entry(uint64_t number)
{
    uint64_t entry = attack_value() | PTE_PRESENT;
    uint64_t address = entry & UINT64_C(0x000ffffffffff000);
    if (address < memory_ram_end() || address == APIC_PAGE) {
        entry |= UINT64_C(0x0000010000000000); /* never our own pages */
    }
    struct access access = {.size = 8, .write = (number & 1) != 0, .value = attack_random()};
    access.linear = (uint64_t)memory_window(0, entry) + attack_below(511) * 8;
    attack_try(access_memory, &access);
    memory_window(0, 0);
}

static const struct attack table[] = {
    {"memory-sweep", "all physical addresses below 512 GiB outside the VM read ones", run_sweep,
     12},
    {"memory-beyond", "writes outside the VM go nowhere, in every size", run_beyond, 8},
    {"memory-edge", "accesses across the end of RAM are taken apart correctly", run_edge, 2},
    {"memory-ioapic", "an IOAPIC entry cannot select SMI, INIT or a foreign CPU", run_ioapic, 3},
    {"memory-devices", "device pages of the machine do not answer", run_devices, 3},
    {"memory-entry", "page table entries with reserved or foreign addresses", run_entry, 4},
};

const struct attack_list attacks_memory = {table, sizeof(table) / sizeof(table[0])};
