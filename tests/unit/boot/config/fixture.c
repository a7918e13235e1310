/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiles trees and compares reports for the tests of boot/config. See fixture.h.
 */
#include "tests/unit/boot/config/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct config config;
struct config_machine machine;
struct config_report report;
struct machine_plan placed;

static void *kept_tree; /* `config` points into it */

static const char base_config[] =
    "/dts-v1/;\n"
    "/ { chosen { hypervisor { compatible = \"hypervisor,bulkhead\";\n"
    "  a { compatible = \"bulkhead,domain\"; cpus = <1>; memory = \"64M\";\n"
    "    kernel { compatible = \"module,kernel\"; file = \"k\"; }; };\n"
    "}; }; };\n"
    "/ { chosen { hypervisor { %s }; }; };\n";

static const char base_machine[] =
    "/dts-v1/;\n"
    "/ { compatible = \"bulkhead,machine\"; #address-cells = <2>; #size-cells = <2>;\n"
    "  cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { reg = <0>; };\n"
    "    cpu@1 { reg = <1>; }; cpu@2 { reg = <2>; }; cpu@3 { reg = <3>; }; };\n"
    "  memory@100000 { device_type = \"memory\"; reg = <0 0x100000 0 0x3ff00000>; };\n"
    "  pci { nic { function = \"00:03.0\"; class-code = <0x020000>; };\n"
    "    nic1 { function = \"00:03.1\"; class-code = <0x020000>; };\n"
    "    bridge { function = \"00:1e.0\"; class-code = <0x060400>; }; };\n"
    "};\n"
    "/ { %s };\n";

static size_t write_source(const char *source, char *path)
{
    char command[128];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    snprintf(command, sizeof(command), "dtc -q -I dts -O dtb -o %s -", path);
    FILE *pipe = popen(command, "w");
    assert_non_null(pipe);
    fputs(source, pipe);
    if (pclose(pipe) != 0) {
        fail_msg("dtc refuses: %s", source);
    }
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    fclose(file);
    assert_true(size > 0);
    return (size_t)size;
}

struct tree tree_compile(const char *source)
{
    char path[] = "/tmp/bulkhead-test-XXXXXX";
    struct tree tree = {.size = write_source(source, path)};
    tree.data = malloc(tree.size);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(tree.data, 1, tree.size, file), tree.size);
    fclose(file);
    unlink(path);
    return tree;
}

void tree_forget(void)
{
    free(kept_tree);
    kept_tree = NULL;
}

bool parse_source(const char *source)
{
    tree_forget();
    struct tree tree = tree_compile(source);
    kept_tree = tree.data;
    config_report_init(&report);
    return config_parse(tree.data, tree.size, &config, &report);
}

static char *merge(const char *base, const char *changes)
{
    size_t size = strlen(base) + strlen(changes) + 1;
    char *source = malloc(size);
    assert_non_null(source);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(source, size, base, changes);
#pragma GCC diagnostic pop
    return source;
}

bool parse_with(const char *changes)
{
    char *source = merge(base_config, changes);
    bool readable = parse_source(source);
    free(source);
    return readable;
}

bool machine_with(const char *changes)
{
    char *source = merge(base_machine, changes);
    struct tree tree = tree_compile(source);
    free(source);
    config_report_init(&report);
    bool good = config_machine_parse(tree.data, tree.size, &machine, &report);
    free(tree.data);
    return good;
}

void check_with(const char *changes)
{
    assert_true(parse_with(changes));
    config_check(&config, &machine, &report);
}

bool place_with(const char *changes)
{
    check_with(changes);
    if (report.errors > 0) {
        char line[CONFIG_LINE_SIZE];
        fail_msg("%s", config_problem_format(&report.problems[0], line, sizeof(line)));
    }
    memset(&placed, 0xa5, sizeof(placed));
    return config_place(&config, &machine, &placed, &report);
}

static void print_report(void)
{
    char line[CONFIG_LINE_SIZE];
    for (uint32_t i = 0; i < report.count; i++) {
        print_error("reported: %s\n",
                    config_problem_format(&report.problems[i], line, sizeof(line)));
    }
}

void assert_report(const char *first, ...)
{
    va_list args;
    uint32_t i = 0;
    va_start(args, first);
    for (const char *expected = first; expected != NULL; expected = va_arg(args, const char *)) {
        char line[CONFIG_LINE_SIZE];
        if (i >= report.count) {
            print_report();
            fail_msg("missing: %s", expected);
        }
        config_problem_format(&report.problems[i], line, sizeof(line));
        if (strcmp(line, expected) != 0) {
            print_report();
            fail_msg("expected: %s", expected);
        }
        i++;
    }
    va_end(args);
    if (report.count != i) {
        print_report();
        fail_msg("%u problems are reported, %u expected", report.count, i);
    }
    assert_int_equal(report.count, report.errors + report.warnings);
}

void assert_no_problems(void)
{
    assert_report(NULL, NULL);
}

void assert_reported(const char *line)
{
    for (uint32_t i = 0; i < report.count; i++) {
        char text[CONFIG_LINE_SIZE];
        if (strcmp(config_problem_format(&report.problems[i], text, sizeof(text)), line) == 0) {
            return;
        }
    }
    print_report();
    fail_msg("missing: %s", line);
}
