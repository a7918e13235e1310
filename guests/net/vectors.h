/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupt vectors of the management guest.
 */
#ifndef GUESTS_NET_VECTORS_H
#define GUESTS_NET_VECTORS_H

#define VECTOR_NIC      0x50
#define VECTOR_DOORBELL 0x60
#define VECTOR_TIMER    0x70

#endif
