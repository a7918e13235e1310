/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a configuration, collected while it is read, checked and placed. The loader
 * prints a report on the machine, bulkhead-check prints the same text on a workstation.
 * Fixed size: problems that find no room are counted. Pure code, any context.
 */
#ifndef BOOT_CONFIG_REPORT_H
#define BOOT_CONFIG_REPORT_H

#include "kernel/types.h"

#define CONFIG_PROBLEM_MAX   64
#define CONFIG_NODE_SIZE     96
#define CONFIG_PROPERTY_SIZE 32
#define CONFIG_VALUE_SIZE    64
#define CONFIG_WORDS_SIZE    200
#define CONFIG_LINE_SIZE     640 /* every problem fits as one line */

enum config_severity { CONFIG_ERROR, CONFIG_WARNING };

/* All texts are NUL-terminated, printable and may be empty. */
struct config_problem {
    enum config_severity severity;
    char node[CONFIG_NODE_SIZE];         /* path of the node, or a file's name */
    char property[CONFIG_PROPERTY_SIZE]; /* empty: the node itself */
    char value[CONFIG_VALUE_SIZE];       /* as it is written in the source */
    char what[CONFIG_WORDS_SIZE];        /* what is wrong, with the bound that was broken */
    char remedy[CONFIG_WORDS_SIZE];      /* what would be right */
};

struct config_report {
    uint32_t errors; /* all of them, also those that found no room */
    uint32_t warnings;
    uint32_t count; /* of problems[] */
    struct config_problem problems[CONFIG_PROBLEM_MAX];
    struct config_problem spare; /* takes the texts of a problem that found no room */
};

void config_report_init(struct config_report *report);

/* True while another problem would be kept: says whether costly texts are worth making. */
bool config_report_room(const struct config_report *report);

/*
 * Counts a problem of `node` and, unless NULL, its `property`; returns where its texts go (never
 * NULL). Names from an untrusted tree may be passed: what does not print is shown as '?'.
 */
struct config_problem *config_report_add(struct config_report *report,
                                         enum config_severity severity, const char *node,
                                         const char *property);

/* Set one text of a problem; a text that is too long is cut. Return the problem. */
struct config_problem *config_problem_value(struct config_problem *problem, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct config_problem *config_problem_what(struct config_problem *problem, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct config_problem *config_problem_remedy(struct config_problem *problem, const char *format,
                                             ...) __attribute__((format(printf, 2, 3)));

/*
 * The problem as one line without newline:
 *   error: /chosen/hypervisor/a: memory = "1X": is not a size; write for example "512M"
 * Returns buf.
 */
const char *config_problem_format(const struct config_problem *problem, char *buf, size_t size);

/* "no problems", "2 errors and 1 warning", with the number of problems not kept. Returns buf. */
const char *config_report_summary(const struct config_report *report, char *buf, size_t size);

/* "512 MiB", "4 KiB", "1536 MiB", "17 bytes": the largest unit that divides. Returns buf. */
const char *config_format_size(uint64_t bytes, char *buf, size_t size);
#define CONFIG_SIZE_TEXT 32

#endif
