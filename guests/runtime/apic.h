/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local APIC of the calling CPU: x2APIC where the processor has it, else (or with `apic=x` on
 * the command line) its page at 0xFEE00000. SDM volume 3, "Advanced Programmable Interrupt
 * Controller (APIC)".
 */
#ifndef GUESTS_RUNTIME_APIC_H
#define GUESTS_RUNTIME_APIC_H

#include <stdbool.h>
#include <stdint.h>

#define APIC_PAGE 0xfee00000u

/* Offsets into the page; the x2APIC MSR is APIC_MSR_BASE + offset / 16. */
#define APIC_MSR_BASE            0x800u
#define APIC_ID                  0x020u
#define APIC_TPR                 0x080u
#define APIC_EOI                 0x0b0u
#define APIC_SPURIOUS            0x0f0u
#define APIC_ISR                 0x100u
#define APIC_ESR                 0x280u
#define APIC_ICR                 0x300u
#define APIC_ICR_HIGH            0x310u /* page only */
#define APIC_LVT_TIMER           0x320u
#define APIC_LVT_LINT0           0x350u
#define APIC_LVT_LINT1           0x360u
#define APIC_LVT_ERROR           0x370u
#define APIC_TIMER_INITIAL       0x380u
#define APIC_TIMER_CURRENT       0x390u
#define APIC_TIMER_DIVIDE        0x3e0u
#define APIC_SELF_IPI            0x3f0u /* x2APIC only */

#define APIC_MSR(offset)         (APIC_MSR_BASE + (offset) / 16)

#define APIC_ICR_INIT            (5u << 8)
#define APIC_ICR_STARTUP         (6u << 8)
#define APIC_ICR_PENDING         (1u << 12)
#define APIC_ICR_ASSERT          (1u << 14)
#define APIC_ICR_SELF            (1u << 18)
#define APIC_ICR_ALL             (2u << 18)
#define APIC_ICR_ALL_BUT_SELF    (3u << 18)

#define APIC_LVT_MASKED          (1u << 16)
#define APIC_LVT_TIMER_PERIODIC  (1u << 17)
#define APIC_LVT_TIMER_DEADLINE  (2u << 17)
#define APIC_TIMER_DIVIDE_BY_ONE 0xbu

#define APIC_VECTOR_SPURIOUS     0xff

/* Turns on the calling CPU's APIC with all local sources masked and TPR 0. */
void apic_enable(void);

bool apic_is_x2apic(void);
uint32_t apic_id(void);
void apic_eoi(void);

/* Reads and writes by offset; APIC_ICR only by apic_send(). */
uint32_t apic_read(uint32_t offset);
void apic_write(uint32_t offset, uint32_t value);

/*
 * Writes the ICR: `command` its low half (vector, delivery mode, shorthand), `destination` an APIC
 * id. Waits until the APIC has taken it.
 */
void apic_send(uint32_t destination, uint32_t command);

/* Acknowledges everything that is in service. */
void apic_eoi_all(void);

#endif
