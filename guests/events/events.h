/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of what a processor promises around instructions that exit: each says true or false, and
 * the main file names those that fail.
 */
#ifndef GUESTS_EVENTS_EVENTS_H
#define GUESTS_EVENTS_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

struct check {
    const char *name;
    bool (*run)(void);
};

struct check_list {
    const struct check *checks;
    uint32_t count;
};

extern const struct check_list checks_flow;
extern const struct check_list checks_fault;
extern const struct check_list checks_string;

/* Prints the two values when they differ; true when they are the same. */
bool check_same(const char *what, uint64_t found, uint64_t wanted);

/* Runs on the second CPU: sends as many NMIs to CPU 0 as it is asked for. */
void events_send_nmis(uint32_t index);

#endif
