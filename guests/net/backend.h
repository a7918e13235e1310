/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way from the services to the hypervisor: the management calls, as functions. The guest
 * links backend.c; the host's tests link a machine that they made up. Structures are those of
 * bulkhead_abi.h, whose comments are the contract.
 */
#ifndef GUESTS_NET_BACKEND_H
#define GUESTS_NET_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/include/bulkhead_abi.h"

#define BACKEND_VM_MAX 16

/* False: there is no hypervisor, or it does not grant us `manage`. Everything below then fails. */
bool backend_available(void);

bool backend_machine(struct bulkhead_machine *machine);
bool backend_vm(uint32_t vm, struct bulkhead_vm *facts);
bool backend_vcpu(uint32_t vm, uint32_t vcpu, struct bulkhead_vcpu *facts);

/* 0, or a negative BULKHEAD_E... */
int64_t backend_control(uint32_t vm, enum bulkhead_action action, uint64_t argument);

/*
 * Reads up to `size` bytes of a stream from `position` on; returns how many. *next is where to go
 * on, *missed how many bytes before that were lost. At the end of the stream returns 0.
 */
size_t backend_read(enum bulkhead_stream stream, uint32_t vm, uint64_t position, char *to,
                    size_t size, uint64_t *next, uint64_t *missed);

/* Types into a VM's console; returns how many bytes it took. */
size_t backend_input(uint32_t vm, const uint8_t *bytes, size_t count);

/*
 * From now on backend_happened() reports output of the VMs in `consoles` (bit: index) and, with
 * `log`, of the machine's log; a doorbell interrupt wakes the main loop. Nothing chosen: no
 * doorbell, and no call until something is chosen again.
 */
void backend_watch(uint64_t consoles, bool log);

/* What happened since the last call; false: nothing, and the doorbell is armed. */
bool backend_happened(uint64_t *consoles, bool *log);

#endif
