/* SPDX-License-Identifier: Apache-2.0 */
/* Sleeping in root mode until another CPU asks for something. */
#ifndef KERNEL_IDLE_H
#define KERNEL_IDLE_H

#include "kernel/types.h"

/*
 * Halts this CPU until a bit of `mask` is set in *word or an NMI arrives, whichever is first; may
 * return early. A kick that comes between the look at *word and the HLT is not lost: the NMI
 * handler sees that it interrupted this function and makes it return (idle_fix_up). `interrupts`:
 * one ends it too, and is dropped; only while the local APIC is nobody's (lapic_alarm()).
 */
void idle_wait_for(const uint32_t *word, uint32_t mask, bool interrupts);

static inline void idle_wait(const uint32_t *word)
{
    idle_wait_for(word, UINT32_MAX, false);
}

/* For the NMI handler: where to go on when it interrupted code at rip. */
uint64_t idle_fix_up(uint64_t rip);

#endif
