/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of boot/config share: sources compiled by dtc while a test runs, a small valid
 * configuration and machine to vary, and comparison of whole reports.
 */
#ifndef TESTS_UNIT_BOOT_CONFIG_FIXTURE_H
#define TESTS_UNIT_BOOT_CONFIG_FIXTURE_H

#include "boot/config/config.h"

extern struct config config;
extern struct config_machine machine;
extern struct config_report report;
extern struct machine_plan placed; /* by place_with() */

/* A compiled tree; data is 8-byte aligned and malloc()ed with exactly `size` bytes. */
struct tree {
    void *data;
    size_t size;
};

/* Compiles a source; fails the test when dtc refuses it. */
struct tree tree_compile(const char *source);

/* One tree lives at a time: compiled trees are freed when the next one is made. */
void tree_forget(void);

/*
 * Parses a configuration with one VM "a" (1 CPU, 64 MiB, kernel "k"), after `changes` were merged
 * into the machine node, for example "a { cpus = <0>; };". Starts a new report.
 */
bool parse_with(const char *changes);

/* Parses a whole source as a configuration. Starts a new report. */
bool parse_source(const char *source);

/*
 * Parses a machine of 4 CPUs and 1 GiB, after `changes` were merged into its root. Starts a new
 * report.
 */
bool machine_with(const char *changes);

/* Parses with `changes`, then checks against `machine`. */
void check_with(const char *changes);

/* Parses with `changes`, checks against `machine` and places; the configuration has no errors. */
bool place_with(const char *changes);

/* The report has exactly these lines, each a `const char *`, ended by NULL. */
void assert_report(const char *first, ...) __attribute__((sentinel));
void assert_no_problems(void);

/* The report has this line among others. */
void assert_reported(const char *line);

#endif
