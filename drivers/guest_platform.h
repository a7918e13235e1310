/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fixed addresses of a guest's machine: what its ACPI tables say, where its devices answer,
 * how its memory is divided. Used by boot/image (tables, e820), by the port and MMIO routing and
 * by guests/acpi/dsdt.asl: hence nothing but #defines. See docs/guest-memory-map.md.
 */
#ifndef DRIVERS_GUEST_PLATFORM_H
#define DRIVERS_GUEST_PLATFORM_H

/* Guest-physical memory. End addresses are exclusive. */
#define GUEST_LOW_RAM_END  0x9FC00 /* usable RAM from 0 up to here */
#define GUEST_ACPI_BASE    0xE0000 /* RSDP, the other tables behind it */
#define GUEST_ACPI_END     0x100000
#define GUEST_BIOS_RESET   0xFFFF0     /* F000:FFF0: 16 bytes of real-mode code that reset the VM */
#define GUEST_HIGH_RAM     0x100000    /* RAM from 1 MiB */
#define GUEST_HOLE         0xC0000000  /* RAM ends here at the latest, and goes on ... */
#define GUEST_HOLE_END     0x100000000 /* ... from here; devices between */
#define GUEST_PCI_MMIO_END 0xFEC00000  /* of the window for BARs, which begins behind RAM */
#define GUEST_IOAPIC_BASE  0xFEC00000  /* 4 KiB */
#define GUEST_LAPIC_BASE   0xFEE00000  /* 4 KiB; the guest starts in xAPIC mode */

/* Interrupts. A GSI is a pin of the one IOAPIC; an ISA interrupt is the GSI of its number. */
#define GUEST_IOAPIC_PINS 24
#define GUEST_IOAPIC_ID   0 /* its ID register's reset value */
#define GUEST_PIT_GSI     2 /* VMs with `legacy`: ISA interrupt 0 */
#define GUEST_PIT_IRQ     0 /* as the PIC sees it */
#define GUEST_UART_IRQ    4
#define GUEST_RTC_IRQ     8
#define GUEST_PCI_GSI     16 /* INTx of functions handed over: from here to the last pin */

/* Ports. */
#define GUEST_UART_PORT       0x3F8 /* 8 ports, 16550 */
#define GUEST_RTC_PORT        0x70  /* index, data */
#define GUEST_PCI_CONFIG_PORT 0xCF8 /* address (4), data (4) */
#define GUEST_SLEEP_CONTROL   0x600 /* ACPI SLEEP_CONTROL_REG, 1 byte, write */
#define GUEST_SLEEP_STATUS    0x601 /* ACPI SLEEP_STATUS_REG, 1 byte; reads 0 */
#define GUEST_RESET_PORT      0x602 /* ACPI RESET_REG, 1 byte, write */
#define GUEST_WATCHDOG_PORT   0x610 /* 8 ports, see drivers/vwatchdog.h */
#define GUEST_KBC_DATA        0x60  /* keyboard controller without a keyboard */
#define GUEST_KBC_COMMAND     0x64
#define GUEST_POST_PORT       0x80  /* POST codes, and what systems write to as a delay */
#define GUEST_FAST_RESET_PORT 0x92  /* bit 0 resets */
#define GUEST_CF9_PORT        0xCF9 /* chipset's reset control, 1 byte inside the PCI address */

/* Ports of VMs with `legacy`. */
#define GUEST_PIC_MASTER 0x20  /* 2 ports */
#define GUEST_PIC_SLAVE  0xA0  /* 2 ports */
#define GUEST_PIC_ELCR   0x4D0 /* 2 ports, edge or level by input */
#define GUEST_PIT_PORT   0x40  /* 4 ports, 8254 */
#define GUEST_PORT_B     0x61  /* speaker, channel 2's gate and output, refresh */
#define GUEST_DEBUG_PORT 0x402 /* firmware's debug console, 1 byte */
#define GUEST_PM_TIMER   0x608 /* ACPI PM timer, 4 bytes, read */

/* GUEST_SLEEP_CONTROL as the ACPI specification's "Sleep Control and Status Registers" has it. */
#define GUEST_SLEEP_TYPE_MASK  0x1C /* SLP_TYP */
#define GUEST_SLEEP_TYPE_SHIFT 2
#define GUEST_SLEEP_ENABLE     0x20 /* SLP_EN: with type S5 the VM powers off */
#define GUEST_SLEEP_TYPE_S5    5    /* what \_S5 in the DSDT says */
#define GUEST_RESET_VALUE      0x01 /* written to GUEST_RESET_PORT the VM resets */

#endif
