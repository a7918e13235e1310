/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest's machine consists of besides what FADT and MADT say: power-off, the console UART,
 * the clock and a PCI host bridge. The Makefile compiles this with iasl; the loader puts it into
 * every VM that gets ACPI tables. boot/image/acpi_tables.c writes the start of the VM's window for
 * PCI BARs over the value of WMIN, and a second window's over HMIN and HMAX. Numbers come from drivers/guest_platform.h.
 * Deliberately absent: processors (MADT has them) and _PRT (in an SSDT, boot/image/acpi_prt.c).
 */
#include "drivers/guest_platform.h"

DefinitionBlock ("dsdt.aml", "DSDT", 2, "BULKHD", "BULKHEAD", 1)
{
    /* SLP_TYP of soft-off for the Sleep Control register. */
    Name (\_S5, Package () { GUEST_SLEEP_TYPE_S5, 0, 0, 0 })

    /* First byte of the window for PCI BARs: 0xC0000000 until the loader knows the VM's RAM. */
    Name (\WMIN, 0xC0000000)

    /* First and last byte of a window above 4 GiB, for functions that have BARs there; last = 4 GiB:
       none. */
    Name (\HMIN, 0x100000000)
    Name (\HMAX, 0x100000000)

    Scope (\_SB)
    {
        Device (COM1)
        {
            Name (_HID, EisaId ("PNP0501")) /* 16550A-compatible UART */
            Name (_UID, 1)
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, GUEST_UART_PORT, GUEST_UART_PORT, 1, 8)
                IRQNoFlags () { GUEST_UART_IRQ } /* edge, active high */
            })
        }

        Device (RTC0)
        {
            Name (_HID, EisaId ("PNP0B00")) /* MC146818-compatible clock; no alarm interrupt */
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, GUEST_RTC_PORT, GUEST_RTC_PORT, 1, 2)
            })
        }

        Device (PCI0)
        {
            Name (_HID, EisaId ("PNP0A03"))
            Name (_UID, 0)
            Name (_BBN, 0)
            Name (BUFF, ResourceTemplate ()
            {
                WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
                    0, 0, 0, 0, 1)
                IO (Decode16, GUEST_PCI_CONFIG_PORT, GUEST_PCI_CONFIG_PORT, 1, 8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                    0, 0x0000, 0x0CF7, 0, 0x0CF8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                    0, 0x0D00, 0xFFFF, 0, 0xF300)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable,
                    ReadWrite, 0, 0xC0000000, 0xFEBFFFFF, 0, 0x3EC00000, , , WND0)
            })
            Name (HIGH, ResourceTemplate ()
            {
                QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable,
                    ReadWrite, 0, 0x100000000, 0x1FFFFFFFF, 0, 0x100000000, , , WND1)
            })
            Method (_CRS, 0, Serialized)
            {
                CreateDWordField (BUFF, ^WND0._MIN, WLOW)
                CreateDWordField (BUFF, ^WND0._MAX, WHGH)
                CreateDWordField (BUFF, ^WND0._LEN, WLEN)
                WLOW = \WMIN
                WLEN = WHGH - WLOW + 1
                If (\HMAX == 0x100000000)
                {
                    Return (BUFF)
                }
                CreateQWordField (HIGH, ^WND1._MIN, HLOW)
                CreateQWordField (HIGH, ^WND1._MAX, HTOP)
                CreateQWordField (HIGH, ^WND1._LEN, HLEN)
                HLOW = \HMIN
                HTOP = \HMAX
                HLEN = HTOP - HLOW + 1
                Return (ConcatenateResTemplate (BUFF, HIGH))
            }
        }

        /* Sleep, reset, PM timer and watchdog: so that nothing else is put there. */
        Device (MRES)
        {
            Name (_HID, EisaId ("PNP0C02"))
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, GUEST_SLEEP_CONTROL, GUEST_SLEEP_CONTROL, 1, 0x18)
            })
        }
    }
}
