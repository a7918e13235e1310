/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words for numbers of the management interface. Pure: also built for the host's tests.
 */
#ifndef GUESTS_NET_REASONS_H
#define GUESTS_NET_REASONS_H

#include <stdint.h>

/* Name of a basic exit reason, as a lower-case word with underscores; NULL: it has none here. */
const char *reason_name(uint32_t reason);

/* Of enum bulkhead_vm_state and enum bulkhead_vcpu_state; "unknown" for others. */
const char *vm_state_word(uint32_t state);
const char *vcpu_state_word(uint32_t state);

#endif
