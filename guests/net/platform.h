/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the guest has instead of an operating system: random numbers, and a way to die.
 */
#ifndef GUESTS_NET_PLATFORM_H
#define GUESTS_NET_PLATFORM_H

/* Collects secrets: RDRAND where it is, and when things happen to the tick. */
void net_random_init(void);

/*
 * From now on an exception is a crash of the VM, so that `on-crash` counts and not `on-halt`. So is
 * an NMI: nothing sends one but a person who wants to see a crash record.
 */
void net_survive_init(void);

#endif
