/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collects problems and turns them into text. Called by everything in boot/config; prints nothing
 * itself.
 */
#include "boot/config/report.h"

#include <stdarg.h>

#include "kernel/printf.h"
#include "kernel/string.h"

void config_report_init(struct config_report *report)
{
    report->errors = 0;
    report->warnings = 0;
    report->count = 0;
}

bool config_report_room(const struct config_report *report)
{
    return report->count < CONFIG_PROBLEM_MAX;
}

/* Text from an untrusted tree goes to consoles: nothing but printable ASCII may pass. */
static void make_printable(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~') {
            *text = '?';
        }
    }
}

struct config_problem *config_report_add(struct config_report *report,
                                         enum config_severity severity, const char *node,
                                         const char *property)
{
    if (severity == CONFIG_ERROR) {
        report->errors++;
    } else {
        report->warnings++;
    }

    struct config_problem *problem = &report->spare;
    if (config_report_room(report)) {
        problem = &report->problems[report->count++];
    }
    problem->severity = severity;
    ksnprintf(problem->node, sizeof(problem->node), "%s", node);
    make_printable(problem->node);
    ksnprintf(problem->property, sizeof(problem->property), "%s", property ? property : "");
    make_printable(problem->property);
    problem->value[0] = '\0';
    problem->what[0] = '\0';
    problem->remedy[0] = '\0';
    return problem;
}

static void set_text(char *buf, size_t size, const char *format, va_list args)
{
    kvsnprintf(buf, size, format, args);
    make_printable(buf);
}

struct config_problem *config_problem_value(struct config_problem *problem, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_text(problem->value, sizeof(problem->value), format, args);
    va_end(args);
    return problem;
}

struct config_problem *config_problem_what(struct config_problem *problem, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_text(problem->what, sizeof(problem->what), format, args);
    va_end(args);
    return problem;
}

struct config_problem *config_problem_remedy(struct config_problem *problem, const char *format,
                                             ...)
{
    va_list args;
    va_start(args, format);
    set_text(problem->remedy, sizeof(problem->remedy), format, args);
    va_end(args);
    return problem;
}

const char *config_problem_format(const struct config_problem *problem, char *buf, size_t size)
{
    ksnprintf(buf, size, "%s: %s: %s%s%s%s%s%s%s",
              problem->severity == CONFIG_ERROR ? "error" : "warning", problem->node,
              problem->property, problem->value[0] != '\0' ? " = " : "", problem->value,
              problem->property[0] != '\0' ? ": " : "", problem->what,
              problem->remedy[0] != '\0' ? "; " : "", problem->remedy);
    return buf;
}

const char *config_report_summary(const struct config_report *report, char *buf, size_t size)
{
    if (report->errors == 0 && report->warnings == 0) {
        ksnprintf(buf, size, "no problems");
        return buf;
    }
    uint32_t lost = report->errors + report->warnings - report->count;
    char more[48] = "";
    if (lost > 0) {
        ksnprintf(more, sizeof(more), " (%u more than are shown)", lost);
    }
    ksnprintf(buf, size, "%u error%s and %u warning%s%s", report->errors,
              report->errors == 1 ? "" : "s", report->warnings, report->warnings == 1 ? "" : "s",
              more);
    return buf;
}

const char *config_format_size(uint64_t bytes, char *buf, size_t size)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < ARRAY_SIZE(units)) {
        bytes /= 1024;
        unit++;
    }
    ksnprintf(buf, size, "%llu %s", (unsigned long long)bytes, units[unit]);
    return buf;
}
