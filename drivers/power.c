/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power-off and reset of the machine. Called by the kernel's shutdown and panic code, last of all,
 * with the other CPUs stopped. Uses nothing but registers: no log, no lock, no allocation.
 */
#include "drivers/power.h"

#include "kernel/io.h"

/* ACPI specification: "PM1 Control Registers", "Sleep Control and Status Registers". */
#define PM1_SCI_EN    BIT(0)
#define PM1_SLP_TYP   MASK(12, 10)
#define PM1_SLP_EN    BIT(13)
#define SLEEP_SLP_TYP MASK(4, 2)
#define SLEEP_SLP_EN  BIT(5)
#define PM1_POLL_MAX  300000 /* firmware's SMI handler may take a while to enable ACPI */

/* Chipsets' reset control register and the keyboard controller's pulse on the reset line. */
#define RESET_CONTROL_PORT   0xCF9
#define RESET_CONTROL_SYSTEM 0x02 /* hard reset, with the next: now */
#define RESET_CONTROL_CPU    0x04
#define KEYBOARD_STATUS      0x64
#define KEYBOARD_COMMAND     0x64
#define KEYBOARD_INPUT_FULL  0x02
#define KEYBOARD_PULSE_RESET 0xFE
#define KEYBOARD_POLL_MAX    10000

/* Reading this port does nothing and takes about 1 us on the bus. */
#define DELAY_PORT 0x80

static void delay_ms(unsigned ms)
{
    for (unsigned i = 0; i < ms * 1000; i++) {
        (void)inb(DELAY_PORT);
    }
}

static bool is_reachable(const struct boot_register *reg, const volatile void *mapping)
{
    return reg->space == REGISTER_PORT || (reg->space == REGISTER_MMIO && mapping != NULL);
}

static uint16_t read16(const struct boot_register *reg, const volatile void *mapping)
{
    return reg->space == REGISTER_PORT ? inw((uint16_t)reg->address) : mmio_read16(mapping);
}

static void write16(const struct boot_register *reg, volatile void *mapping, uint64_t value)
{
    if (reg->space == REGISTER_PORT) {
        outw((uint16_t)reg->address, (uint16_t)value);
    } else {
        mmio_write16(mapping, (uint16_t)value);
    }
}

static void write8(const struct boot_register *reg, volatile void *mapping, uint64_t value)
{
    if (reg->space == REGISTER_PORT) {
        outb((uint16_t)reg->address, (uint8_t)value);
    } else {
        mmio_write8(mapping, (uint8_t)value);
    }
}

/* The PM1 registers work in ACPI mode; the firmware enters it on a command, by SMI. */
static void enter_acpi_mode(const struct boot_platform *platform, volatile void *pm1a)
{
    const struct boot_register *control = &platform->pm1a_control;
    if (platform->smi_command == 0 || (read16(control, pm1a) & PM1_SCI_EN) != 0) {
        return;
    }
    outb(platform->smi_command, platform->acpi_enable);
    for (unsigned i = 0; i < PM1_POLL_MAX && (read16(control, pm1a) & PM1_SCI_EN) == 0; i++) {
    }
}

/* SLP_TYP goes first, SLP_EN with it in a second write (ACPI: "Sleeping/Wake Control"). */
static void sleep_by_pm1(const struct boot_platform *platform,
                         const struct power_mappings *mappings)
{
    const struct boot_register *a = &platform->pm1a_control;
    const struct boot_register *b = &platform->pm1b_control;
    bool has_b = is_reachable(b, mappings->pm1b_control);
    enter_acpi_mode(platform, mappings->pm1a_control);

    uint64_t keep = ~(PM1_SLP_TYP | PM1_SLP_EN);
    uint64_t value_a =
        (read16(a, mappings->pm1a_control) & keep) | FIELD_SET(PM1_SLP_TYP, platform->s5_type_a);
    uint64_t value_b = FIELD_SET(PM1_SLP_TYP, platform->s5_type_b);
    if (has_b) {
        value_b |= read16(b, mappings->pm1b_control) & keep;
    }
    for (unsigned round = 0; round < 2; round++) {
        uint64_t enable = round == 0 ? 0 : PM1_SLP_EN;
        write16(a, mappings->pm1a_control, value_a | enable);
        if (has_b) {
            write16(b, mappings->pm1b_control, value_b | enable);
        }
    }
}

bool power_off(const struct boot_platform *platform, const struct power_mappings *mappings)
{
    if (platform == NULL || !platform->s5_known) {
        return false;
    }
    if (is_reachable(&platform->sleep_control, mappings->sleep_control)) {
        uint64_t value = FIELD_SET(SLEEP_SLP_TYP, platform->s5_type_a) | SLEEP_SLP_EN;
        write8(&platform->sleep_control, mappings->sleep_control, value);
    } else if (is_reachable(&platform->pm1a_control, mappings->pm1a_control)) {
        sleep_by_pm1(platform, mappings);
    } else {
        return false;
    }
    delay_ms(100);
    return false;
}

static void reset_by_firmware_register(const struct boot_platform *platform,
                                       const struct power_mappings *mappings)
{
    if (platform != NULL && is_reachable(&platform->reset, mappings->reset)) {
        write8(&platform->reset, mappings->reset, platform->reset_value);
        delay_ms(50);
    }
}

static void reset_by_control_port(void)
{
    outb(RESET_CONTROL_PORT, RESET_CONTROL_SYSTEM);
    delay_ms(1);
    outb(RESET_CONTROL_PORT, RESET_CONTROL_SYSTEM | RESET_CONTROL_CPU);
    delay_ms(50);
}

static void reset_by_keyboard_controller(void)
{
    for (unsigned i = 0; i < KEYBOARD_POLL_MAX; i++) {
        if ((inb(KEYBOARD_STATUS) & KEYBOARD_INPUT_FULL) == 0) {
            break;
        }
    }
    outb(KEYBOARD_COMMAND, KEYBOARD_PULSE_RESET);
    delay_ms(50);
}

_Noreturn void power_reset(const struct boot_platform *platform,
                           const struct power_mappings *mappings)
{
    reset_by_firmware_register(platform, mappings);
    reset_by_control_port();
    reset_by_keyboard_controller();
    io_triple_fault();
}
