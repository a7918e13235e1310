/* SPDX-License-Identifier: Apache-2.0 */
/* links: drivers/uart16550.c tests/unit/fake_io.c */
/* The physical UART's driver against a model of a 16550, of a 16450, and of nothing at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/uart16550.h"
#include "tests/unit/fake_io.h"

#define BASE 0x3F8

/* The model. THR empties after `delay` reads of the line status. */
static struct {
    bool present;
    uint8_t floats_at; /* what an absent UART reads as */
    bool echoes;       /* an absent UART's bus keeps the last value written, until another read */
    bool has_scratch, has_loopback;
    uint8_t fifo_bits; /* IIR[7:6] once the FIFO is on */
    unsigned fifo_size;
    unsigned delay, busy;
    bool stuck;

    uint8_t ier, lcr, mcr, scr, fcr;
    uint16_t divisor;
    uint8_t sent[256];
    unsigned sent_count, waiting;
    const char *input;
    bool noisy;      /* in the input '@' is a break, '#' has a wrong parity, '~' no stop bit */
    bool noise_read; /* the oldest byte's error has been read */
    bool overrun;    /* until it is read */
    unsigned overruns, lost_in_loopback, status_reads;
    uint8_t bus;
} dev;

/* LSR's bits of the oldest byte, which reading clears. */
static uint8_t noise(void)
{
    uint8_t value = dev.overrun ? 0x02 : 0;
    dev.overrun = false;
    if (dev.noisy && !dev.noise_read && dev.input != NULL) {
        value |= *dev.input == '@' ? 0x18 : *dev.input == '#' ? 0x04 : *dev.input == '~' ? 0x08 : 0;
    }
    dev.noise_read = true;
    return value;
}

static uint8_t receive(void)
{
    uint8_t value = (uint8_t)(dev.input != NULL && *dev.input != '\0' ? *dev.input++ : 0);
    dev.noise_read = false;
    return dev.noisy && value == '@' ? 0 : value;
}

static uint8_t line_status(void)
{
    dev.status_reads++;
    if (dev.busy > 0 && !dev.stuck && --dev.busy == 0) {
        dev.waiting = 0;
    }
    uint8_t value = dev.waiting == 0 ? 0x60 : 0;
    return (uint8_t)(value | noise() | (dev.input != NULL && *dev.input != '\0'));
}

static uint8_t model_read(unsigned index)
{
    if (!dev.present) {
        uint8_t value = dev.echoes ? dev.bus : dev.floats_at;
        dev.bus = dev.floats_at;
        return value;
    }
    if ((dev.lcr & 0x80) != 0 && index < 2) {
        return (uint8_t)(dev.divisor >> index * 8);
    }
    switch (index) {
    case 0:
        return receive();
    case 1:
        return dev.ier;
    case 2:
        return (uint8_t)(0x01 | (dev.fcr & 1 ? dev.fifo_bits : 0));
    case 3:
        return dev.lcr;
    case 4:
        return dev.mcr;
    case 5:
        return line_status();
    case 6:
        if ((dev.mcr & 0x10) != 0 && dev.has_loopback) {
            return (uint8_t)((dev.mcr & 0x0C) << 4 | (dev.mcr & 2) << 3 | (dev.mcr & 1) << 5);
        }
        return 0xB0;
    default:
        return dev.has_scratch ? dev.scr : 0xFF;
    }
}

static void model_send(uint8_t value)
{
    unsigned room = (dev.fcr & 1) != 0 ? dev.fifo_size : 1;
    if (dev.waiting >= room) {
        dev.overruns++;
        return;
    }
    dev.waiting++;
    dev.busy = dev.delay + 1;
    dev.sent[dev.sent_count++ % sizeof(dev.sent)] = value;
}

static void model_write(unsigned index, uint8_t value)
{
    dev.bus = value;
    if (!dev.present) {
        return;
    }
    if ((dev.lcr & 0x80) != 0 && index < 2) {
        dev.divisor = (uint16_t)((dev.divisor & ~(0xFF << index * 8)) | value << index * 8);
        return;
    }
    switch (index) {
    case 0:
        model_send(value);
        break;
    case 1:
        dev.ier = value & 0x0F;
        break;
    case 2:
        dev.fcr = value;
        break;
    case 3:
        dev.lcr = value;
        break;
    case 4:
        dev.lost_in_loopback += (value & 0x10) != 0 ? dev.waiting : 0;
        dev.mcr = value;
        break;
    case 7:
        dev.scr = value;
        break;
    default:
        break;
    }
}

static uint32_t port_read(uint16_t port, unsigned size)
{
    assert_int_equal(size, 1);
    assert_in_range(port, BASE, BASE + 7);
    return model_read(port - BASE);
}

static void port_write(uint16_t port, unsigned size, uint32_t value)
{
    assert_int_equal(size, 1);
    assert_in_range(port, BASE, BASE + 7);
    model_write(port - BASE, (uint8_t)value);
}

#define MMIO_BASE 0x7000u
static unsigned mmio_width, mmio_stride;

static uint64_t mmio_read(uintptr_t address, unsigned size)
{
    assert_int_equal(size, mmio_width);
    assert_int_equal((address - MMIO_BASE) % mmio_stride, 0);
    uint64_t above =
        size == 1 ? 0 : 0xAB00; /* what lies above the register's byte is not looked at */
    return above | model_read((unsigned)(address - MMIO_BASE) / mmio_stride);
}

static void mmio_write(uintptr_t address, unsigned size, uint64_t value)
{
    assert_int_equal(size, mmio_width);
    assert_int_equal((address - MMIO_BASE) % mmio_stride, 0);
    assert_in_range(value, 0, 0xFF);
    model_write((unsigned)(address - MMIO_BASE) / mmio_stride, (uint8_t)value);
}

static const struct boot_register at_3f8 = {REGISTER_PORT, BASE, 1};
static struct uart16550 uart;

static int set_up(void **state)
{
    (void)state;
    memset(&dev, 0, sizeof(dev));
    dev.present = dev.has_scratch = dev.has_loopback = true;
    dev.fifo_bits = 0xC0;
    dev.fifo_size = 16;
    dev.floats_at = 0xFF;
    dev.divisor = 12;
    dev.lcr = 0x1B; /* firmware's: 8E1 */
    fake_io = (struct fake_io){
        .port_read = port_read,
        .port_write = port_write,
        .mmio_read = mmio_read,
        .mmio_write = mmio_write,
    };
    return uart16550_attach(&uart, &at_3f8, 1, NULL) ? 0 : -1;
}

static void a_uart_is_found_and_its_settings_are_kept(void **state)
{
    (void)state;
    dev.mcr = 0x03;
    assert_true(uart16550_probe(&uart));
    assert_int_equal(dev.lcr, 0x1B);
    assert_int_equal(dev.mcr, 0x03);
    assert_int_equal(dev.divisor, 12);
    assert_int_equal(dev.ier, 0);
    assert_int_equal(dev.sent_count, 0);
}

static void a_uart_left_with_dlab_set_is_found_and_its_divisor_kept(void **state)
{
    (void)state;
    dev.lcr = 0x83;
    dev.divisor = 0x1234;
    assert_true(uart16550_probe(&uart));
    assert_int_equal(dev.lcr, 0x83);
    assert_int_equal(dev.divisor, 0x1234);
}

static void nothing_at_the_address_is_not_a_uart(void **state)
{
    (void)state;
    dev.present = false;
    assert_false(uart16550_probe(&uart)); /* reads 0xFF */
    dev.floats_at = 0x00;
    assert_false(uart16550_probe(&uart));
    dev.echoes = true; /* the bus keeps the last byte written for one read */
    assert_false(uart16550_probe(&uart));
    dev.floats_at = 0x60;
    assert_false(uart16550_probe(&uart));
}

static void scratch_or_loopback_is_enough_but_neither_is_not(void **state)
{
    (void)state;
    dev.has_scratch = false;
    assert_true(uart16550_probe(&uart));
    dev.has_loopback = false;
    assert_false(uart16550_probe(&uart));
    dev.has_scratch = true;
    assert_true(uart16550_probe(&uart));
}

static void probing_waits_for_what_the_firmware_still_sends(void **state)
{
    (void)state;
    dev.has_scratch = false; /* so that it needs loopback */
    dev.waiting = 5;
    dev.busy = 1000;
    assert_true(uart16550_probe(&uart));
    assert_int_equal(dev.lost_in_loopback, 0);
}

static void init_sets_8n1_115200_and_the_fifo(void **state)
{
    (void)state;
    dev.ier = 0x05; /* as firmware may leave it */
    uart16550_init(&uart, 115200);
    assert_int_equal(dev.lcr, 0x03);
    assert_int_equal(dev.divisor, 1);
    assert_int_equal(dev.fcr & 1, 1);
    assert_int_equal(dev.ier, 0);
    assert_int_equal(dev.mcr & 0x13, 0x03);
    assert_int_equal(uart.burst, 16);
    dev.divisor = 0;
    uart16550_init(&uart, 9600);
    assert_int_equal(dev.divisor, 12);
    uart16550_init(&uart, 300);
    assert_int_equal(dev.divisor, 384);
    uart16550_init(&uart, 4000000); /* faster than the clock allows: the fastest */
    assert_int_equal(dev.divisor, 1);
}

static void init_keeps_the_firmwares_divisor_when_told_so(void **state)
{
    (void)state;
    dev.divisor = 0x1234;
    uart16550_init(&uart, 0);
    assert_int_equal(dev.divisor, 0x1234);
    assert_int_equal(dev.lcr, 0x03);
    dev.divisor = 0;
    uart16550_init(&uart, 0);
    assert_int_equal(dev.divisor, 1);
}

static void without_a_working_fifo_one_byte_goes_at_a_time(void **state)
{
    (void)state;
    const uint8_t broken[] = {0x00, 0x40, 0x80}; /* 16450, a 16550's broken FIFO */
    for (size_t i = 0; i < sizeof(broken); i++) {
        dev.fifo_bits = broken[i];
        dev.fifo_size = 1;
        uart16550_init(&uart, 115200);
        assert_int_equal(uart.burst, 1);
        assert_int_equal(uart16550_write(&uart, "abc", 3), 3);
        assert_int_equal(dev.overruns, 0);
    }
    assert_memory_equal(dev.sent, "abcabcabc", 9);
}

static void try_write_fills_the_fifo_and_never_waits(void **state)
{
    (void)state;
    dev.delay = 3;
    uart16550_init(&uart, 115200);
    const char text[] = "0123456789abcdefghij";
    assert_int_equal(uart16550_try_write(&uart, text, 20), 16);
    dev.status_reads = 0;
    assert_int_equal(uart16550_try_write(&uart, text + 16, 4), 0);
    assert_int_equal(dev.status_reads, 1);
    while (dev.waiting > 0) {
        line_status();
    }
    assert_int_equal(uart16550_try_write(&uart, text + 16, 4), 4);
    assert_memory_equal(dev.sent, text, 20);
    assert_int_equal(dev.overruns, 0);
    assert_int_equal(uart16550_try_write(&uart, text, 0), 0);
}

static void write_waits_and_loses_nothing(void **state)
{
    (void)state;
    uint8_t text[200];
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (uint8_t)(i * 7);
    }
    dev.delay = 50;
    uart16550_init(&uart, 115200);
    assert_int_equal(uart16550_write(&uart, text, sizeof(text)), sizeof(text));
    assert_memory_equal(dev.sent, text, sizeof(text));
    assert_int_equal(dev.overruns, 0);
    assert_true(uart16550_flush(&uart));
    assert_int_equal(dev.waiting, 0);
}

static void a_uart_that_stops_sending_ends_every_wait(void **state)
{
    (void)state;
    uart16550_init(&uart, 115200);
    dev.stuck = true;
    assert_int_equal(uart16550_write(&uart, "0123456789abcdefXY", 18), 16);
    dev.status_reads = 0;
    assert_false(uart16550_flush(&uart));
    assert_int_equal(dev.status_reads, UART16550_POLL_MAX);
}

static void read_returns_each_byte_once_then_nothing(void **state)
{
    (void)state;
    uart16550_init(&uart, 115200);
    dev.input = "a\xFF";
    assert_true(uart16550_has_input(&uart));
    assert_int_equal(uart16550_read(&uart), 'a');
    assert_int_equal(uart16550_read(&uart), 0xFF);
    assert_false(uart16550_has_input(&uart));
    assert_int_equal(uart16550_read(&uart), -1);
}

static void assert_errors(uint32_t overruns, uint32_t damaged, uint32_t breaks)
{
    assert_int_equal(uart16550_take_errors(&uart, UART16550_OVERRUN), overruns);
    assert_int_equal(uart16550_take_errors(&uart, UART16550_DAMAGED), damaged);
    assert_int_equal(uart16550_take_errors(&uart, UART16550_BREAK), breaks);
}

static void errors_of_the_line_are_counted_whoever_reads_the_status(void **state)
{
    (void)state;
    uart16550_init(&uart, 115200);
    assert_errors(0, 0, 0);
    dev.overrun = true;
    assert_false(uart16550_has_input(&uart));
    dev.overrun = true;
    assert_int_equal(uart16550_try_write(&uart, "x", 1), 1);
    dev.overrun = true;
    uart16550_flush(&uart);
    assert_errors(3, 0, 0);
    assert_errors(0, 0, 0);
    dev.noisy = true;
    dev.input = "a#b~";
    for (const char *c = dev.input; *c != '\0'; c++) {
        assert_int_equal(uart16550_read(&uart), *c);
    }
    assert_int_equal(uart16550_read(&uart), -1);
    assert_errors(0, 2, 0);
}

static void a_break_is_counted_and_is_no_byte(void **state)
{
    (void)state;
    uart16550_init(&uart, 115200);
    dev.noisy = true;
    dev.input = "a@b@";
    assert_int_equal(uart16550_read(&uart), 'a');
    assert_true(uart16550_has_input(&uart)); /* reads the error first, as an NMI handler does */
    assert_int_equal(uart16550_read(&uart), 'b');
    assert_int_equal(uart16550_read(&uart), -1);
    assert_errors(0, 0, 2);
    dev.input = "c";
    assert_int_equal(uart16550_read(&uart), 'c');
}

static void what_came_before_the_start_is_no_error(void **state)
{
    (void)state;
    dev.overrun = true;
    uart16550_init(&uart, 115200);
    assert_errors(0, 0, 0);
    dev.overrun = true;
    dev.present = false; /* all bits read as 1 */
    assert_int_equal(uart16550_read(&uart), -1);
    assert_errors(0, 0, 0);
}

static void its_interrupt_is_for_input_alone(void **state)
{
    (void)state;
    uart16550_init(&uart, 115200);
    uart16550_receive_interrupt(&uart, true);
    assert_int_equal(dev.ier, 0x01);
    assert_int_equal(dev.mcr, 0x0B); /* OUT2 opens the line */
    uart16550_receive_interrupt(&uart, false);
    assert_int_equal(dev.ier, 0);
}

static void a_uart_that_vanishes_swallows_output_and_gives_no_input(void **state)
{
    (void)state;
    uart16550_init(&uart, 115200);
    dev.present = false;
    assert_false(uart16550_has_input(&uart));
    assert_int_equal(uart16550_read(&uart), -1);
    assert_int_equal(uart16550_write(&uart, "lost", 4), 4);
    assert_true(uart16550_flush(&uart));
}

static void device_memory_is_reached_with_its_width_and_stride(void **state)
{
    static const struct {
        uint8_t width, stride;
    } shapes[] = {{1, 1}, {1, 4}, {2, 2}, {4, 4}, {0, 1}, {4, 8}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
        const struct boot_register where = {REGISTER_MMIO, 0xFE030000, shapes[i].width};
        set_up(state);
        mmio_width = shapes[i].width == 0 ? 1 : shapes[i].width;
        mmio_stride = shapes[i].stride;
        assert_true(uart16550_attach(&uart, &where, shapes[i].stride, (volatile void *)MMIO_BASE));
        assert_true(uart16550_probe(&uart));
        uart16550_init(&uart, 0);
        assert_int_equal(uart16550_write(&uart, "mmio", 4), 4);
        assert_memory_equal(dev.sent, "mmio", 4);
        dev.input = "\xFE";
        assert_int_equal(uart16550_read(&uart), 0xFE);
    }
}

static void senseless_descriptions_are_refused_and_then_ignored(void **state)
{
    static const struct boot_register bad[] = {
        {REGISTER_NONE, BASE, 1},       {REGISTER_PORT, 0xFFF9, 1},
        {REGISTER_PORT, UINT64_MAX, 1}, {REGISTER_MMIO, 0xFE000000, 3},
        {REGISTER_MMIO, 0xFE000000, 8}, {(enum boot_register_space)9, BASE, 1},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_false(uart16550_attach(&uart, &bad[i], 1, (volatile void *)MMIO_BASE));
        assert_false(uart16550_probe(&uart));
        uart16550_init(&uart, 115200);
        assert_int_equal(uart16550_try_write(&uart, "x", 1), 0);
        assert_int_equal(uart16550_write(&uart, "x", 1), 0);
        assert_int_equal(uart16550_read(&uart), -1);
        assert_true(uart16550_flush(&uart));
    }
    const struct boot_register mmio = {REGISTER_MMIO, 0xFE000000, 4};
    assert_false(uart16550_attach(&uart, &mmio, 4, NULL));
    assert_false(uart16550_attach(&uart, &mmio, 2, (volatile void *)MMIO_BASE)); /* would overlap */
    assert_false(uart16550_attach(&uart, &mmio, 4, (volatile void *)(MMIO_BASE + 1)));
    assert_true(uart16550_attach(&uart, &at_3f8, 0, NULL));
    assert_int_equal(uart.stride, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_uart_is_found_and_its_settings_are_kept, set_up),
        cmocka_unit_test_setup(a_uart_left_with_dlab_set_is_found_and_its_divisor_kept, set_up),
        cmocka_unit_test_setup(nothing_at_the_address_is_not_a_uart, set_up),
        cmocka_unit_test_setup(scratch_or_loopback_is_enough_but_neither_is_not, set_up),
        cmocka_unit_test_setup(probing_waits_for_what_the_firmware_still_sends, set_up),
        cmocka_unit_test_setup(init_sets_8n1_115200_and_the_fifo, set_up),
        cmocka_unit_test_setup(init_keeps_the_firmwares_divisor_when_told_so, set_up),
        cmocka_unit_test_setup(without_a_working_fifo_one_byte_goes_at_a_time, set_up),
        cmocka_unit_test_setup(try_write_fills_the_fifo_and_never_waits, set_up),
        cmocka_unit_test_setup(write_waits_and_loses_nothing, set_up),
        cmocka_unit_test_setup(a_uart_that_stops_sending_ends_every_wait, set_up),
        cmocka_unit_test_setup(read_returns_each_byte_once_then_nothing, set_up),
        cmocka_unit_test_setup(errors_of_the_line_are_counted_whoever_reads_the_status, set_up),
        cmocka_unit_test_setup(a_break_is_counted_and_is_no_byte, set_up),
        cmocka_unit_test_setup(what_came_before_the_start_is_no_error, set_up),
        cmocka_unit_test_setup(its_interrupt_is_for_input_alone, set_up),
        cmocka_unit_test_setup(a_uart_that_vanishes_swallows_output_and_gives_no_input, set_up),
        cmocka_unit_test_setup(device_memory_is_reached_with_its_width_and_stride, set_up),
        cmocka_unit_test_setup(senseless_descriptions_are_refused_and_then_ignored, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
