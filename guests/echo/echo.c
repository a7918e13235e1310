/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends back what is typed, byte by byte, and sleeps in between: the UART's interrupt wakes it.
 * Command line: by=ioapic (the default), or by=pic for a VM with `legacy`.
 */
#include <stddef.h>
#include <stdint.h>

#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/runtime.h"
#include "guests/runtime/startup.h"
#include "guests/runtime/trap.h"

#define UART_IRQ        4
#define UART_IER_INPUT  0x01
#define UART_MCR_OPEN   0x0b /* DTR, RTS, and OUT2, which lets the interrupt out */

#define VECTOR_BASE     0x40 /* of the PIC's inputs; the IOAPIC's pin gets the same vector */
#define VECTOR_UART     (VECTOR_BASE + UART_IRQ)

#define PIC_COMMAND     0x20
#define PIC_DATA        0x21
#define PIC_ICW1        0x11 /* edge-triggered, cascaded, ICW4 follows */
#define PIC_ICW3        0x04 /* a second one at input 2 */
#define PIC_ICW4        0x01 /* 8086 mode */
#define PIC_EOI         0x20
#define LINT0_EXTINT    0x700

#define IOAPIC_SELECT   0xfec00000u
#define IOAPIC_WINDOW   0xfec00010u
#define IOAPIC_ENTRY(n) (0x10 + 2 * (n))

static bool by_pic;
static uint64_t interrupts;

static void on_uart(struct trap_frame *frame)
{
    (void)frame;
    interrupts++;
    if (by_pic) {
        cpu_out8(PIC_COMMAND, PIC_EOI);
    } else {
        apic_eoi();
    }
}

static void connect_pic(void)
{
    cpu_out8(PIC_COMMAND, PIC_ICW1);
    cpu_out8(PIC_DATA, VECTOR_BASE);
    cpu_out8(PIC_DATA, PIC_ICW3);
    cpu_out8(PIC_DATA, PIC_ICW4);
    cpu_out8(PIC_DATA, (uint8_t) ~(1u << UART_IRQ));
    apic_write(APIC_LVT_LINT0, LINT0_EXTINT);
}

static void connect_ioapic(void)
{
    cpu_write32(IOAPIC_SELECT, IOAPIC_ENTRY(UART_IRQ) + 1);
    cpu_write32(IOAPIC_WINDOW, apic_id() << 24);
    cpu_write32(IOAPIC_SELECT, IOAPIC_ENTRY(UART_IRQ));
    cpu_write32(IOAPIC_WINDOW, VECTOR_UART);
}

void guest_main(void)
{
    by_pic = startup_option("by", "pic");
    trap_set_handler(VECTOR_UART, on_uart);
    if (by_pic) {
        connect_pic();
    } else {
        connect_ioapic();
    }
    cpu_out8(UART_MCR, UART_MCR_OPEN);
    cpu_out8(UART_IER, UART_IER_INPUT);
    print("echo: ready\n");
    for (;;) {
        uint64_t before = interrupts;
        while (interrupts == before) {
            cpu_wait();
        }
        while (cpu_in8(UART_LSR) & UART_LSR_DR) {
            uint8_t byte = cpu_in8(UART_BASE);
            cpu_out8(UART_THR, byte);
        }
    }
}
