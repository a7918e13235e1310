/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
/* links: drivers/vuart.c drivers/vuart_input.c drivers/vioapic.c drivers/vrtc.c drivers/vpci.c drivers/vpci_function.c drivers/vpci_probe.c drivers/vpower.c drivers/vkbc.c drivers/vdebug.c drivers/vpic.c drivers/vpic_chip.c drivers/vpit.c drivers/vpit_channel.c drivers/vpmtimer.c drivers/vwatchdog.c */
/* clang-format on */
/*
 * Feeds access sequences to every emulated device at once, wired as in a VM: the UART's line goes
 * to IOAPIC and PIC, the PIT's likewise. After each step the devices' state must be sound.
 *
 * Input: 16 bytes of the assigned PCI function's registers 0x34 to 0x43, then steps of
 *   kind, offset, value (4 bytes, little endian)
 * kind bits 7:6: 0 read, 1 write, 2 an event from outside, 3 time passes; bits 4:0 the range; size
 * 1, 2, 4 (MMIO 8, too) from offset's bits 7:6; offset's low bits count bytes, in MMIO dwords.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/guest_platform.h"
#include "drivers/vdebug.h"
#include "drivers/vioapic.h"
#include "drivers/vkbc.h"
#include "drivers/vpci.h"
#include "drivers/vpic.h"
#include "drivers/vpit.h"
#include "drivers/vpmtimer.h"
#include "drivers/vpower.h"
#include "drivers/vrtc.h"
#include "drivers/vuart.h"
#include "drivers/vwatchdog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct machine {
    struct vuart uart;
    struct vioapic ioapic;
    struct vrtc rtc;
    struct vpci pci;
    struct vpower power;
    struct vkbc kbc;
    struct vdebug debug;
    struct vpic pic;
    struct vpit pit;
    struct vpmtimer timer;
    struct vwatchdog watchdog;
    struct vioapic_line uart_pin;
    struct vioapic_line pit_pin;
    struct vpic_line uart_input;
    struct vpic_line pit_input;
    bool uart_level;
    bool pit_level;
    bool intr;
    uint64_t ticks;
    uint8_t config[256];
};

static struct machine *m;

/* ---- the world around the devices ---- */

static void output(void *context, uint8_t byte)
{
    assert(context == m);
    (void)byte;
}

static void uart_irq(void *context, bool asserted)
{
    assert(context == m && m->uart_level != asserted);
    m->uart_level = asserted;
    vioapic_line_set(&m->uart_pin, asserted);
    vpic_line_set(&m->uart_input, asserted);
}

static void pit_irq(void *context, bool asserted)
{
    assert(context == m && m->pit_level != asserted);
    m->pit_level = asserted;
    vioapic_line_set(&m->pit_pin, asserted);
    vpic_line_set(&m->pit_input, asserted);
}

static void intr(void *context, bool asserted)
{
    assert(context == m && m->intr != asserted);
    m->intr = asserted;
}

static void deliver(void *context, const struct vioapic_message *message)
{
    assert(context == m);
    assert(message->delivery_mode <= 7 && message->delivery_mode != IOAPIC_DELIVERY_SMI);
    assert(message->delivery_mode != 3 && message->delivery_mode != 6);
    assert(message->delivery_mode > IOAPIC_DELIVERY_LOWEST || message->vector >= 16);
}

static void entry_changed(void *context, unsigned pin, uint64_t entry)
{
    assert(context == m && m->ioapic.kinds[pin] == VIOAPIC_PIN_PASSED);
    assert(!(entry & IOAPIC_ENTRY_REMOTE_IRR));
}

static void passed_eoi(void *context, uint8_t vector)
{
    assert(context == m);
    (void)vector;
}

static void request(void *context, enum vpower_request what, const char *by)
{
    assert(context == m && by && (what == VPOWER_OFF || what == VPOWER_RESET));
}

static uint64_t seconds(void *context)
{
    assert(context == m);
    return m->ticks / VPIT_HZ;
}

static uint64_t pit_ticks(void *context)
{
    assert(context == m);
    return m->ticks;
}

static uint64_t pm_ticks(void *context)
{
    assert(context == m);
    return m->ticks * 3;
}

static uint64_t milliseconds(void *context)
{
    assert(context == m);
    return m->ticks / (VPIT_HZ / 1000);
}

static uint32_t config_read(void *context, unsigned reg, unsigned size)
{
    uint32_t value = 0;

    assert(context == m && reg + size <= 256 && reg % size == 0);
    memcpy(&value, m->config + reg, size);
    return value;
}

/* The BARs' low bits are hard-wired; beyond them only the command register may be written. */
static void config_write(void *context, unsigned reg, unsigned size, uint32_t value)
{
    bool bar = reg >= 0x10 && reg < 0x28 && size == 4;

    assert(context == m && reg + size <= 256);
    assert(bar || (reg == 4 && size == 2));
    if (bar)
        value = (value & 0xFFFE0000) | m->config[reg];
    memcpy(m->config + reg, &value, size);
}

static void msi_changed(void *context, const struct vpci_msi *msi)
{
    assert(context == m && (msi->address & 3) == 0);
}

/* ---- the ranges a guest reaches ---- */

struct range {
    const struct device_ops *ops;
    void *device;
    unsigned length;
    unsigned max_size;
};

#define RANGE_COUNT 18

static void ranges(struct range table[RANGE_COUNT])
{
    const struct range all[RANGE_COUNT] = {
        {&vuart_ops, &m->uart, VUART_PORT_COUNT, 4},
        {&vioapic_ops, &m->ioapic, VIOAPIC_SIZE, 8},
        {&vrtc_ops, &m->rtc, VRTC_PORT_COUNT, 2},
        {&vpci_ops, &m->pci, VPCI_PORT_COUNT, 4},
        {&vpower_acpi_ops, &m->power, VPOWER_ACPI_PORT_COUNT, 2},
        {&vpower_port92_ops, &m->power, 1, 1},
        {&vkbc_data_ops, &m->kbc, 1, 1},
        {&vkbc_command_ops, &m->kbc, 1, 1},
        {&vdebug_console_ops, &m->debug, 1, 1},
        {&vdebug_post_ops, &m->debug, 1, 1},
        {&vpic_master_ops, &m->pic, VPIC_PORT_COUNT, 2},
        {&vpic_slave_ops, &m->pic, VPIC_PORT_COUNT, 2},
        {&vpic_elcr_ops, &m->pic, VPIC_PORT_COUNT, 2},
        {&vpit_ops, &m->pit, VPIT_PORT_COUNT, 4},
        {&vpit_port_b_ops, &m->pit, 1, 1},
        {&vpmtimer_ops, &m->timer, VPMTIMER_PORT_COUNT, 4},
        {&vwatchdog_ops, &m->watchdog, VWATCHDOG_PORT_COUNT, 4},
        {&vpower_cf9_ops, &m->power, 1, 1},
    };

    memcpy(table, all, sizeof(all));
}

static void build(const uint8_t registers[16])
{
    struct vioapic_host host = {deliver, entry_changed, passed_eoi, m};
    struct vpci_backend backend = {config_read, config_write, msi_changed, m};
    struct vrtc_machine machine = {MIB(512), GIB(1), 4};
    const struct vpci_function *function;

    vioapic_init(&m->ioapic, &host);
    vioapic_set_pin_kind(&m->ioapic, 9, VIOAPIC_PIN_LEVEL);
    vioapic_set_pin_kind(&m->ioapic, 11, VIOAPIC_PIN_PASSED);
    vpic_init(&m->pic, (struct irq_line){intr, m});
    m->uart_pin = (struct vioapic_line){&m->ioapic, GUEST_UART_IRQ};
    m->pit_pin = (struct vioapic_line){&m->ioapic, GUEST_PIT_GSI};
    m->uart_input = (struct vpic_line){&m->pic, GUEST_UART_IRQ};
    m->pit_input = (struct vpic_line){&m->pic, GUEST_PIT_IRQ};
    vuart_init(&m->uart, output, m, (struct irq_line){uart_irq, m});
    vpit_init(&m->pit, pit_ticks, m, (struct irq_line){pit_irq, m});
    vrtc_init(&m->rtc, &machine, seconds, m);
    vpower_init(&m->power, request, m);
    vkbc_init(&m->kbc, request, m);
    vdebug_init(&m->debug, output, m);
    vpmtimer_init(&m->timer, false, pm_ticks, m);
    vwatchdog_init(&m->watchdog, milliseconds, m);
    vpci_init(&m->pci);
    vpci_set_cf9(&m->pci, &vpower_cf9_ops, &m->power);
    memcpy(m->config, (const uint8_t[]){0x86, 0x80, 0x0E, 0x10, 0x06, 0x00, 0x10, 0x00}, 8);
    memcpy(m->config + 0x34, registers, 16);
    m->config[0x13] = 0x80; /* BAR0 at 2 GiB */
    m->config[0x14] = 0x04; /* BAR1 and 2: 64 bits */
    assert(vpci_add_function(&m->pci, VPCI_DEVFN(2, 0), &backend, 11, &function) == VPCI_OK);
}

static void reset(void)
{
    vuart_reset(&m->uart);
    vioapic_reset(&m->ioapic);
    vrtc_reset(&m->rtc);
    vpci_reset(&m->pci);
    vpower_reset(&m->power);
    vkbc_reset(&m->kbc);
    vdebug_reset(&m->debug);
    vpic_reset(&m->pic);
    vpit_reset(&m->pit);
    vwatchdog_reset(&m->watchdog);
    assert(!m->uart_level && !m->pit_level && !m->intr);
}

static void event(unsigned which, uint32_t value)
{
    uint8_t text[64];

    memset(text, (int)value, sizeof(text));
    switch (which % 12) {
    case 0:
        vuart_receive(&m->uart, text, value >> 8 & 63);
        break;
    case 1:
        vuart_receive_break(&m->uart);
        break;
    case 2:
        vuart_set_modem_lines(&m->uart, (uint8_t)value);
        break;
    case 3:
        vioapic_set_pin(&m->ioapic, value & 0xFF, (value & 0x100) != 0);
        break;
    case 4:
        vioapic_eoi(&m->ioapic, (uint8_t)value);
        break;
    case 5:
        vpic_set_input(&m->pic, value & 0x1F, (value & 0x100) != 0);
        break;
    case 6:
        vpic_acknowledge(&m->pic);
        break;
    case 7:
        vpit_update(&m->pit);
        break;
    case 8:
        vwatchdog_pause(&m->watchdog);
        break;
    case 9:
        vwatchdog_resume(&m->watchdog);
        break;
    case 10:
        vwatchdog_expired(&m->watchdog);
        break;
    default:
        reset();
        break;
    }
}

/* ---- what must hold after each step ---- */

static void check_uart(const struct vuart *uart)
{
    assert(uart->fifo_count <= VUART_FIFO_SIZE);
    assert((uart->fcr & 1) || uart->fifo_count <= 1);
    assert((uart->lsr & 0xE0) == 0x60);
    assert((uart->lsr & 1) == (uart->fifo_count > 0));
    assert(uart->input_written - uart->input_read <= VUART_INPUT_SIZE);
    assert(uart->irq_asserted == m->uart_level);
    assert(uart->thr_direct == (!(uart->lcr & 0x80) && !(uart->mcr & 0x10) && !(uart->ier & 0x02)));
}

static void check_interrupts(void)
{
    for (unsigned pin = 0; pin < VIOAPIC_PINS; pin++) {
        uint64_t entry = m->ioapic.entries[pin];

        assert(!(entry & ~UINT64_C(0xFF0000000001EFFF)));
        if (entry & IOAPIC_ENTRY_REMOTE_IRR)
            assert(m->ioapic.kinds[pin] == VIOAPIC_PIN_LEVEL && (entry & IOAPIC_ENTRY_LEVEL));
    }
    assert(m->ioapic.lines < BIT(VIOAPIC_PINS));
    for (unsigned i = 0; i < 2; i++) {
        assert(m->pic.chips[i].lowest < 8);
        assert((m->pic.chips[i].base & 7) == 0);
        assert(m->pic.chips[i].init <= 4);
    }
    assert(m->pic.intr_asserted == m->intr);
}

static void check_pit(const struct vpit *pit)
{
    for (unsigned i = 0; i < VPIT_CHANNELS; i++) {
        assert(pit->channels[i].count >= 1 && pit->channels[i].count <= 65536);
        assert(pit->channels[i].pending <= 65536 && pit->channels[i].mode <= 5);
    }
    assert(vpit_next_edge(pit) > pit->updated);
    assert(pit->irq_asserted == m->pit_level);
}

static void access_range(const struct range *range, uint8_t where, uint32_t value, bool write)
{
    unsigned size = 1U << (where >> 6);
    unsigned offset = range->length > 64 ? (where & 0x3FU) * 4 : where & 0x3F;

    while (size > range->max_size || size > range->length)
        size /= 2;
    offset %= range->length - size + 1;
    if (write)
        range->ops->write(range->device, offset, size, value);
    else
        assert(range->ops->read(range->device, offset, size) <= device_open_bus(size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct range table[RANGE_COUNT];

    if (size < 16 || size > 65536)
        return 0;
    m = calloc(1, sizeof(*m));
    assert(m);
    build(data);
    ranges(table);
    for (size_t at = 16; at + 6 <= size; at += 6) {
        uint8_t kind = data[at];
        uint32_t value;

        memcpy(&value, data + at + 2, 4);
        if (kind >> 6 == 3)
            m->ticks += kind & 1 ? value : value & 0xFF;
        else if (kind >> 6 == 2)
            event(kind & 0x1F, value);
        else
            access_range(&table[(kind & 0x1F) % RANGE_COUNT], data[at + 1], value, kind >> 6);
        check_uart(&m->uart);
        check_interrupts();
        check_pit(&m->pit);
    }
    free(m);
    m = NULL;
    return 0;
}
