/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual real-time clock and CMOS memory: an MC146818A (Motorola's data sheet) with a century
 * byte and PC memory sizes, at ports 0x70 (index) and 0x71 (data). The port router calls vrtc_ops.
 *
 * The clock is read-only: it shows UTC from a callback, and what a guest writes into time, date
 * and century is dropped; a guest that keeps its own idea of time keeps it in its TSC. Alarm and
 * mode bits are stored, CMOS memory is the VM's own until the next reset. There is no interrupt
 * line: register C's flags can be polled, with a resolution of one second.
 *
 * Update in progress: shown by exactly one read of register A after a second has begun, and only to
 * a guest that looked at it in the second before. So waiting for either edge ends.
 */
#ifndef DRIVERS_VRTC_H
#define DRIVERS_VRTC_H

#include "drivers/device.h"

#define VRTC_PORT_COUNT 2   /* from GUEST_RTC_PORT */
#define VRTC_SIZE       128 /* registers and memory */

/* Registers: data sheet, "Address Map"; from CMOS_SHUTDOWN on as PC firmware uses the memory. */
#define RTC_SECONDS       0x00
#define RTC_SECONDS_ALARM 0x01
#define RTC_MINUTES       0x02
#define RTC_MINUTES_ALARM 0x03
#define RTC_HOURS         0x04
#define RTC_HOURS_ALARM   0x05
#define RTC_WEEKDAY       0x06 /* 1: Sunday */
#define RTC_DAY           0x07
#define RTC_MONTH         0x08
#define RTC_YEAR          0x09
#define RTC_REGISTER_A    0x0A
#define RTC_REGISTER_B    0x0B
#define RTC_REGISTER_C    0x0C
#define RTC_REGISTER_D    0x0D
#define CMOS_SHUTDOWN     0x0F
#define CMOS_EQUIPMENT    0x14
#define CMOS_BASE_LOW     0x15 /* KiB below 1 MiB */
#define CMOS_EXTENDED_LOW 0x17 /* KiB above 1 MiB, at most 0xFFFF; again at 0x30 */
#define CMOS_CHECKSUM     0x2E /* high byte first: sum of 0x10 to 0x2D */
#define CMOS_EXTENDED2    0x30
#define RTC_CENTURY       0x32
#define CMOS_ABOVE_16M    0x34 /* 64 KiB units between 16 MiB and 4 GiB, 16 bits */
#define CMOS_ABOVE_4G     0x5B /* 64 KiB units above 4 GiB, 24 bits */
#define CMOS_CPUS         0x5F /* other CPUs than the first, as emulators' SeaBIOS reads it */

#define RTC_A_UIP         0x80
#define RTC_A_DIVIDER     0x70
#define RTC_A_RATE        0x0F
#define RTC_B_SET         0x80
#define RTC_B_PIE         0x40
#define RTC_B_AIE         0x20
#define RTC_B_UIE         0x10
#define RTC_B_BINARY      0x04
#define RTC_B_24H         0x02
#define RTC_C_IRQF        0x80
#define RTC_C_PF          0x40
#define RTC_C_AF          0x20
#define RTC_C_UF          0x10
#define RTC_D_VRT         0x80

/* What the VM has, for the CMOS memory. */
struct vrtc_machine {
    uint64_t low_memory;  /* bytes of RAM up to the end of the piece(s) below 4 GiB */
    uint64_t high_memory; /* bytes of RAM from 4 GiB on */
    uint32_t cpu_count;   /* >= 1 */
};

/* Seconds since 1970-01-01 00:00:00 UTC; never goes backwards. */
typedef uint64_t vrtc_now_fn(void *context);

struct vrtc {
    vrtc_now_fn *now; /* wiring and machine: kept over a reset */
    void *now_context;
    struct vrtc_machine machine;

    uint8_t index;         /* as written to port 0x70, with the NMI mask in bit 7 */
    uint64_t uip_second;   /* second in which register A was last read */
    uint64_t flags_second; /* second up to which register C is accounted for */
    uint64_t frozen;       /* the time shown while register B's SET is 1 */
    uint8_t memory[VRTC_SIZE];
};

/* now is never NULL. Both set the registers as firmware leaves them: BCD, 24 hours, time valid. */
void vrtc_init(struct vrtc *rtc, const struct vrtc_machine *machine, vrtc_now_fn *now,
               void *now_context);
void vrtc_reset(struct vrtc *rtc);

/* Ports 0x70 and 0x71. A wider access is as many byte accesses. */
extern const struct device_ops vrtc_ops;

#endif
