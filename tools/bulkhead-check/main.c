/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulkhead-check FILE: says what the loader would say about a configuration, and with --machine
 * what it would do on that machine. Exit status: 0 no errors, 1 errors, 2 cannot be read.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/config/policy.h"
#include "boot/config/property.h"
#include "boot/image/acpi_tables.h"
#include "tools/bulkhead-check/check.h"

enum { EXIT_CLEAN, EXIT_PROBLEMS, EXIT_UNREADABLE };

static const char usage_text[] =
    "usage: bulkhead-check [options] FILE.dts|FILE.dtb\n"
    "  --machine DESC  check against a machine description (.dts or .dtb), and place the VMs\n"
    "  --plan          print where VMs would be placed; needs --machine\n"
    "  --json          print problems and plan as JSON\n"
    "  -I DIR          look for images in DIR too; may be repeated\n"
    "  --no-images     do not look for images\n"
    "  --strict        warnings count as errors\n"
    "  --properties    list every property, as in docs/configuration.md\n"
    "Exit status: 0 no errors, 1 errors, 2 FILE or DESC cannot be read.\n";

static void usage(const char *complaint)
{
    if (complaint != NULL) {
        fprintf(stderr, "bulkhead-check: %s\n", complaint);
    }
    fputs(usage_text, stderr);
    exit(EXIT_UNREADABLE);
}

static void parse_options(int argc, char **argv, struct options *o)
{
    const struct option names[] = {
        {"machine", required_argument, NULL, 'm'}, {"plan", no_argument, &o->plan, 1},
        {"json", no_argument, &o->json, 1},        {"no-images", no_argument, &o->no_images, 1},
        {"strict", no_argument, &o->strict, 1},    {"properties", no_argument, &o->properties, 1},
        {"help", no_argument, &o->help, 1},        {NULL, 0, NULL, 0},
    };
    int c;
    while ((c = getopt_long(argc, argv, "I:", names, NULL)) != -1) {
        if (c == 'I' && o->folder_count < FOLDER_MAX) {
            o->folders[o->folder_count++] = optarg;
        } else if (c == 'm') {
            o->machine = optarg;
        } else if (c != 0) {
            usage(c == 'I' ? "too many -I" : NULL);
        }
    }
    if (o->properties || o->help) {
        return;
    }
    if (optind != argc - 1) {
        usage("give one configuration");
    }
    if (o->plan && o->machine == NULL) {
        usage("--plan needs --machine");
    }
    o->file = argv[optind];
}

static void print_properties(void)
{
    static const char *const headings[] = {
        "The machine: /chosen/hypervisor",
        "A VM: /chosen/hypervisor/NAME",
        "An image: /chosen/hypervisor/NAME/kernel",
        "Machine description: /",
        "Machine description: /cpus/cpu@N",
        "Machine description: /memory@N",
        "Machine description: /reserved-memory/NAME",
        "Machine description: /pci/NAME",
    };
    for (int kind = 0; kind < CONFIG_KIND_COUNT; kind++) {
        printf("%s### %s\n\n| property | type | unit | default | bounds | meaning | example |\n"
               "|---|---|---|---|---|---|---|\n",
               kind > 0 ? "\n" : "", headings[kind]);
        for (size_t i = 0; i < config_property_count; i++) {
            char row[CONFIG_ROW_SIZE];
            const struct config_property *p = &config_properties[i];
            if ((int)p->kind == kind && p->type != CONFIG_TYPE_IGNORED) {
                puts(config_property_row(p, row, sizeof(row)));
            }
        }
    }
}

static void print_policy(const char *heading, const struct config_policy_table *table)
{
    printf("\n### %s\n\n| number | name | opened |\n|---|---|---|\n", heading);
    for (size_t i = 0; i < table->count; i++) {
        char row[CONFIG_ROW_SIZE];
        puts(config_policy_text(&table->rows[i], row, sizeof(row)));
    }
}

static void print_features(void)
{
    printf("\n### CPUID features\n\n");
    for (size_t i = 0; i < config_cpuid_feature_count; i++) {
        printf("%s`%s`", i == 0 ? "" : i % 8 == 0 ? ",\n" : ", ", config_cpuid_features[i].name);
    }
    puts(".");
}

static void print_line(void *context, const char *line)
{
    (void)context;
    puts(line);
}

static void print_report(const struct config_report *report)
{
    char line[CONFIG_LINE_SIZE];
    for (uint32_t i = 0; i < report->count; i++) {
        puts(config_problem_format(&report->problems[i], line, sizeof(line)));
    }
    printf("configuration: %s\n", config_report_summary(report, line, sizeof(line)));
}

/* What the loader will have taken before it places VMs: itself, the files, boot structures. */
static void reserve_own(struct config_machine *machine, const struct config *config)
{
    config_machine_reserve(machine, machine->own_memory);
    for (uint32_t i = 0; i < config->file_count; i++) {
        config_machine_reserve(machine, config->files[i].image.size);
    }
    config_machine_reserve(machine, config->vm_count * IMAGE_BLOB_SIZE);
}

static bool lay_out(const struct config *config, const struct config_machine *machine,
                    struct machine_plan *plan, struct config_report *report)
{
    static _Alignas(4096) uint8_t space[IMAGE_BLOB_SIZE];
    for (uint32_t i = 0; i < plan->vm_count; i++) {
        struct config_blob blob = {
            .data = space, .hpa = HPA(PAGE_SIZE), .dsdt = dsdt_aml, .dsdt_size = dsdt_aml_size};
        struct image_placement placement;
        if (!config_layout(config, machine, i, &blob, plan, &placement, report)) {
            return false;
        }
    }
    return true;
}

static void load_machine(const struct options *options, struct config_machine *machine)
{
    static struct config_report report;
    struct blob tree = blob_read_tree(options->machine);
    config_report_init(&report);
    bool good = tree.data != NULL && config_machine_parse(tree.data, tree.size, machine, &report);
    for (uint32_t i = 0; i < report.count; i++) {
        char line[CONFIG_LINE_SIZE];
        fprintf(stderr, "%s: %s\n", options->machine,
                config_problem_format(&report.problems[i], line, sizeof(line)));
    }
    free(tree.data);
    if (!good) {
        exit(EXIT_UNREADABLE);
    }
}

/* Checks, and with a machine places; true when there is a plan. */
static bool check(const struct options *options, struct config *config,
                  struct config_machine *machine, struct machine_plan *plan,
                  struct config_report *report)
{
    if (!options->no_images) {
        images_read(options, config);
    }
    if (options->machine == NULL) {
        config_check(config, NULL, report);
        return false;
    }
    reserve_own(machine, config);
    config_check(config, machine, report);
    return report->errors == 0 && config_place(config, machine, plan, report) &&
           (options->no_images || lay_out(config, machine, plan, report));
}

static int print_reference(void)
{
    print_properties();
    print_policy("I/O ports", &config_port_policy);
    print_policy("MSRs", &config_msr_policy);
    print_features();
    return EXIT_CLEAN;
}

int main(int argc, char **argv)
{
    static struct config config;
    static struct config_machine machine;
    static struct config_report report;
    static struct machine_plan plan;
    static struct blob tree; /* config points into it */
    struct options options = {0};
    parse_options(argc, argv, &options);
    if (options.help) {
        fputs(usage_text, stdout);
        return EXIT_CLEAN;
    }
    if (options.properties) {
        return print_reference();
    }
    if (options.machine != NULL) {
        load_machine(&options, &machine);
    }
    tree = blob_read_tree(options.file);
    if (tree.data == NULL) {
        return EXIT_UNREADABLE;
    }

    config_report_init(&report);
    bool planned = config_parse(tree.data, tree.size, &config, &report) &&
                   check(&options, &config, &machine, &plan, &report);
    if (options.json) {
        json_print(&options, &report, &config, planned && options.plan ? &plan : NULL);
    } else {
        print_report(&report);
        if (planned && options.plan) {
            config_print_plan(&plan, &config, &machine, print_line, NULL);
        }
    }
    if (config.fdt == NULL) {
        return EXIT_UNREADABLE;
    }
    bool problems = report.errors > 0 || (options.strict && report.warnings > 0);
    return problems ? EXIT_PROBLEMS : EXIT_CLEAN;
}
