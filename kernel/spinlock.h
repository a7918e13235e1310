/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ticket lock: first come, first served. Root mode only, never taken by NMI handlers (interrupts
 * are masked in root mode, so nothing else can re-enter).
 */
#ifndef KERNEL_SPINLOCK_H
#define KERNEL_SPINLOCK_H

#include "kernel/types.h"

struct spinlock {
    uint16_t next;    /* ticket of the next one to come */
    uint16_t serving; /* ticket that may go on */
};

static inline void spin_lock(struct spinlock *lock)
{
    uint16_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket) {
        __builtin_ia32_pause();
    }
}

static inline void spin_unlock(struct spinlock *lock)
{
    __atomic_store_n(&lock->serving, (uint16_t)(lock->serving + 1), __ATOMIC_RELEASE);
}

/* For panic() alone: makes the lock free whoever held it. */
static inline void spin_break(struct spinlock *lock)
{
    lock->serving = lock->next;
}

#endif
