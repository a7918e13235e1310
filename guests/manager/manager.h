/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the manager share: its checks are rows of a table, chosen by name on the
 * command line. A check says what is wrong itself and returns whether all was right.
 */
#ifndef GUESTS_MANAGER_MANAGER_H
#define GUESTS_MANAGER_MANAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/runtime/manage.h"

#define NO_VM UINT32_MAX

struct check {
    const char *name;
    bool (*run)(void);
};

/* One table a file, ended by a row without a name. */
extern const struct check checks_facts[];
extern const struct check checks_control[];
extern const struct check checks_stream[];
extern const struct check checks_ring[];
extern const struct check checks_errors[];

/* False, and says so, when the two differ. */
bool expect(const char *what, int64_t got, int64_t wanted);

/* Index of the VM of this name; NO_VM, and says so, when there is none. */
uint32_t find_vm(const char *name);

/* Waits until the VM is in the state, asleep between looks; false, and says so, after 20 s. */
bool wait_state(uint32_t vm, enum bulkhead_vm_state state);

/* Halts for a time of the TSC. */
void rest_us(uint64_t us);

/* Guests beside the manager, by the same image: command line `role=`. */
void role_denied(void); /* every call, without the right */
void role_echo(void);   /* what is typed comes back */
void role_count(void);  /* prints a number every now and then, for ever */

#endif
