/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/fault_plan.c */
/* links: boot/config/%.c boot/image/%.c kernel/printf.c libfdt */
/*
 * The device-tree reader: any bytes as a configuration and as a machine description. Nothing may
 * crash, hang, fail without a word or put into a report what is not text.
 */
#include <stdlib.h>
#include <string.h>

#include "boot/config/config.h"

static struct config config;
static struct config_machine machine;
static struct config_report report;

static void require_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~') {
            abort();
        }
    }
}

static void check_report(void)
{
    for (uint32_t i = 0; i < report.count; i++) {
        const struct config_problem *p = &report.problems[i];
        require_printable(p->node);
        require_printable(p->property);
        require_printable(p->value);
        require_printable(p->what);
        require_printable(p->remedy);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void *tree = malloc(size > 0 ? size : 1); /* exactly: ASan sees the first byte behind it */
    if (size > 0) {
        memcpy(tree, data, size);
    }
    config_report_init(&report);
    if (config_parse(tree, size, &config, &report)) {
        config_check(&config, NULL, &report);
    } else if (report.errors == 0) {
        abort(); /* a failure without a word */
    }
    check_report();

    config_report_init(&report);
    if (!config_machine_parse(tree, size, &machine, &report) && report.errors == 0) {
        abort();
    }
    check_report();
    free(tree);
    return 0;
}
