/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/fault_plan.c */
/* links: tests/unit/boot/config/fixture.c boot/config/%.c boot/image/%.c kernel/printf.c libfdt */
/*
 * Every property of the table: its example and another good value pass, a bad value is refused
 * with the exact message. Also that docs/configuration.md has the table as the code has it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/config/policy.h"
#include "boot/config/property.h"
#include "tests/unit/boot/config/fixture.h"

struct property_case {
    enum config_kind kind;
    const char *name;
    const char *good; /* the property as in a source */
    const char *bad;
    const char *message; /* what follows "error: NODE: " */
};

#define MACHINE CONFIG_KIND_MACHINE
#define VM      CONFIG_KIND_VM
#define MODULE  CONFIG_KIND_MODULE
#define DESC    CONFIG_KIND_DESC
#define CPU     CONFIG_KIND_DESC_CPU
#define MEMORY  CONFIG_KIND_DESC_MEMORY
#define RESERVE CONFIG_KIND_DESC_RESERVED
#define PCI     CONFIG_KIND_DESC_PCI

static const struct property_case cases[] = {
    {MACHINE, "compatible", "compatible = \"hypervisor,bulkhead\", \"hypervisor\"", NULL, NULL},
    {MACHINE, "console", "console = \"framebuffer\"", "console = \"vga\"",
     "console = \"vga\": is not one of \"serial\", \"framebuffer\", \"both\""},
    {MACHINE, "console-view", "console-view = \"monitor\"", "console-view = \"moniter\"",
     "console-view = \"moniter\": is not \"all\", \"monitor\" or the name of a VM; did you mean "
     "\"monitor\"?"},
    {MACHINE, "log-level", "log-level = \"debug\"", "log-level = \"warn\"",
     "log-level = \"warn\": is not one of \"error\", \"warning\", \"notice\", \"info\", \"debug\""},
    {MACHINE, "on-last-vm", "on-last-vm = \"halt\"", "on-last-vm = \"power-off\"",
     "on-last-vm = \"power-off\": is not one of \"poweroff\", \"reset\", \"halt\"; did you mean "
     "\"poweroff\"?"},
    {MACHINE, "on-panic", "on-panic = \"halt\"", "on-panic = <1>",
     "on-panic = <1>: is not one string; write one of \"halt\", \"reset\""},

    {VM, "compatible", "compatible = \"xen,domain\"", "compatible = \"xen,xen\"",
     "compatible = \"xen,xen\": does not mark a VM; write a value that holds "
     "\"bulkhead,domain\" or \"xen,domain\""},
    {VM, "vm-name", "vm-name = \"z9-\"", "vm-name = \"Linux\"",
     "vm-name = \"Linux\": is not a VM's name; use 1 to 15 of a-z, 0-9 and -, beginning with a "
     "letter"},
    {VM, "cpus", "cpus = <64>", "cpus = <65>",
     "cpus = <65>: is out of bounds; a VM has 1 to 64 CPUs"},
    {VM, "cpu-list", "cpu-list = <63>", "cpu-list = <64>",
     "cpu-list = <64>: names CPU 64; CPUs are numbered from 0, and Bulkhead uses 64 at most"},
    {VM, "core-type", "core-type = \"efficient\"", "core-type = \"small\"",
     "core-type = \"small\": is not one of \"any\", \"performance\", \"efficient\""},
    {VM, "memory", "memory = <0 0x40000000>", "memory = \"4097K\"",
     "memory = \"4097K\": is 4097 KiB, which is no multiple of 4 KiB; write \"4100K\""},
    {VM, "protocol", "protocol = \"flat\"", "protocol = \"bzimage\"",
     "protocol = \"bzimage\": is not one of \"auto\", \"linux\", \"pvh\", \"multiboot\", "
     "\"flat\""},
    {VM, "real-time", "real-time", "real-time = <0>",
     "real-time = <0>: is a flag and takes no value; write \"real-time;\" to turn it on, nothing "
     "to leave it off"},
    {VM, "start", "start = \"boot\"", "start = \"never\"",
     "start = \"never\": is not one of \"boot\", \"later\""},
    {VM, "on-crash", "on-crash = \"stop\"", "on-crash = \"reboot\"",
     "on-crash = \"reboot\": is not one of \"stop\", \"restart\""},
    {VM, "restart-max", "on-crash = \"restart\"; restart-max = <1000>",
     "on-crash = \"restart\"; restart-max = <0>",
     "restart-max = <0>: is out of bounds; restart-max can be 1 to 1000"},
    {VM, "on-halt", "on-halt = \"stop\"", "on-halt = \"restrat\"",
     "on-halt = \"restrat\": is not one of \"stop\", \"restart\"; did you mean \"restart\"?"},
    {VM, "permissions", "permissions = \"manage\"", "permissions = \"root\"",
     "permissions = \"root\": is not a permission; the only one is \"manage\""},
    {VM, "pci", "unsafe-dma; pci = \"0001:00:1f.6\", \"01:00.0\"", "pci = \"00:20.0\"",
     "pci = \"00:20.0\": is not a PCI function; write bus:device.function in hexadecimal, for "
     "example \"00:1f.2\""},
    {VM, "unsafe-dma", "unsafe-dma; pci = \"00:02.0\"", "unsafe-dma = \"yes\"",
     "unsafe-dma = \"yes\": is a flag and takes no value; write \"unsafe-dma;\" to turn it on, "
     "nothing to leave it off"},
    {VM, "ports", "ports = \"0x300-0x30f\"", "ports = \"0xb2\"",
     "ports = \"0xb2\": is never opened: it enters the firmware's system management mode; leave "
     "0xb2-0xb3 (smi) out"},
    {VM, "msrs", "msrs = \"IA32_THERM_STATUS\", \"0x1a6-0x1a7\"", "msrs = \"IA32_BIOS_UPDT_TRIG\"",
     "msrs = \"IA32_BIOS_UPDT_TRIG\": is never opened: it loads microcode for the whole core; "
     "leave 0x79 (IA32_BIOS_UPDT_TRIG) out"},
    {VM, "msrs-write", "msrs-write = \"IA32_APERF\"", "msrs-write = \"IA32_THERM_STATUS\"",
     "msrs-write = \"IA32_THERM_STATUS\": is not opened for writing: it clears a log that other "
     "VMs read; move it to msrs, which is for reading"},
    {VM, "cpuid-hide", "cpuid-hide = \"rdrand\", \"0xd.1:eax\"", "cpuid-hide = \"rdrnd\"",
     "cpuid-hide = \"rdrnd\": is not a CPUID feature; did you mean \"rdrand\"?"},
    {VM, "legacy", "legacy", "legacy = \"on\"",
     "legacy = \"on\": is a flag and takes no value; write \"legacy;\" to turn it on, nothing to "
     "leave it off"},
    {VM, "small-pages", "small-pages", "small-pages = \"yes\"",
     "small-pages = \"yes\": is a flag and takes no value; write \"small-pages;\" to turn it on, "
     "nothing to leave it off"},
    {VM, "faults", "faults", "faults = <1>",
     "faults = <1>: is a flag and takes no value; write \"faults;\" to turn it on, nothing to "
     "leave it off"},

    {VM, "fault-plan", "faults; fault-plan = \"seed=7\", \"nmi=1s,drop=10\"",
     "faults; fault-plan = \"nmi=1\"",
     "fault-plan = \"nmi=1\": is not a fault; see docs/faults.md; for example \"nmi=1s\""},

    {MODULE, "compatible", "compatible = \"module,kernel\", \"multiboot,kernel\"",
     "compatible = \"multiboot,kernel\"",
     "compatible = \"multiboot,kernel\": does not mark an image; write a value that holds "
     "\"module,kernel\" or \"module,ramdisk\""},
    {MODULE, "file", "file = \"linux/vmlinuz-6.1.0\"", "file = \"/vmlinuz\"",
     "file = \"/vmlinuz\": is absolute; write a path relative to the configuration, for example "
     "\"linux/vmlinuz\""},
    {MODULE, "bootargs", "bootargs = \"\"", "bootargs = <1>",
     "bootargs = <1>: is not a string; write for example bootargs = \"console=ttyS0 quiet\""},

    {DESC, "compatible", "compatible = \"bulkhead,machine\"", NULL, NULL},
    {DESC, "model", "model = \"x\"", "model = <1>",
     "model = <1>: is not a string; write for example model = \"Lab machine 3\""},
    {DESC, "console", "console = \"none\"", "console = \"seriel\"",
     "console = \"seriel\": is not \"none\", or \"serial\" and \"framebuffer\""},
    {DESC, "iommu", "iommu", "iommu = \"vt-d\"",
     "iommu = \"vt-d\": is a flag and takes no value; write \"iommu;\" to turn it on, nothing to "
     "leave it off"},
    {DESC, "bulkhead-memory", "bulkhead-memory = <4096>", "bulkhead-memory = \"64\"",
     "bulkhead-memory = \"64\": is not a size; write a number with K, M, G or T, for example "
     "\"512M\", or <KiB>"},
    {DESC, "reserved-ports", "reserved-ports = <0x400 0x47f 0x500 0x500>",
     "reserved-ports = <0x500 0x400>",
     "reserved-ports = <1280 1024>: has a pair that is no range within 0 to 0xffff"},
    {DESC, "numa-distances", "numa-distances = <10>", "numa-distances = <10 20 20>",
     "numa-distances = <10 20 20>: is not a square table of numbers from 10 to 255; write for "
     "example numa-distances = <10 21 21 10>"},
    {DESC, "#address-cells", "#address-cells = <2>", "#address-cells = <1>",
     "#address-cells = <1>: is not 2; write #address-cells = <2>"},
    {DESC, "#size-cells", "#size-cells = <2>", "#size-cells = <1>",
     "#size-cells = <1>: is not 2; write #size-cells = <2>"},

    {CPU, "reg", "reg = <77>", "reg = <0 1>",
     "reg = <0 1>: is not one number; write for example reg = <4>"},
    {CPU, "core", "core = <0>", "core = <65536>",
     "core = <0x10000>: is out of bounds; core can be 0 to 65535"},
    {CPU, "package", "package = <0>", "package = <65536>",
     "package = <0x10000>: is out of bounds; package can be 0 to 65535"},
    {CPU, "numa-node-id", "numa-node-id = <15>", "numa-node-id = <16>",
     "numa-node-id = <16>: is out of bounds; numa-node-id can be 0 to 15"},
    {CPU, "core-type", "core-type = \"performance\"", "core-type = \"P\"",
     "core-type = \"P\": is not one of \"performance\", \"efficient\""},

    {MEMORY, "reg", "reg = <0 0x100000 0 0x1000 0 0x200000 0 0x1000>", "reg = <0 0x100000 0 0x800>",
     "reg = <0 0x100000 0 2048>: has an address or size that is no multiple of 4 KiB; write "
     "address and size, as in reg = <0 0x100000 0 0x3ff00000>"},
    {MEMORY, "numa-node-id", "numa-node-id = <1>", "numa-node-id = <16>",
     "numa-node-id = <16>: is out of bounds; numa-node-id can be 0 to 15"},

    {RESERVE, "reg", "reg = <0 0x100000 0 0x1000>", "reg = <0 0x100000 0 0x1000 0>",
     "reg = <0 0x100000 0 4096 0>: is not made of groups of four numbers; write address and "
     "size, as in reg = <0 0x3e000000 0 0x2000000>"},

    {PCI, "function", "function = \"00:05.0\"", "function = \"5\"",
     "function = \"5\": is not a PCI function; write for example function = \"00:1f.6\""},
    {PCI, "vendor-id", "vendor-id = <0xffff>", "vendor-id = <0x10000>",
     "vendor-id = <0x10000>: is out of bounds; vendor-id can be 0 to 65535"},
    {PCI, "device-id", "device-id = <0xffff>", "device-id = <0x10000>",
     "device-id = <0x10000>: is out of bounds; device-id can be 0 to 65535"},
    {PCI, "class-code", "class-code = <0xffffff>", "class-code = <0x1000000>",
     "class-code = <0x1000000>: is out of bounds; class-code can be 0 to 16777215"},
};

/* Where a property of each kind goes, and that node's path in messages. */
static const struct {
    const char *format;
    const char *path;
} places[CONFIG_KIND_COUNT] = {
    [MACHINE] = {"%s;", "/chosen/hypervisor"},
    [VM] = {"a { %s; };", "/chosen/hypervisor/a"},
    [MODULE] = {"a { kernel { %s; }; };", "/chosen/hypervisor/a/kernel"},
    [DESC] = {"%s;", "/"},
    [CPU] = {"cpus { cpu@3 { %s; }; };", "/cpus/cpu@3"},
    [MEMORY] = {"memory@100000 { %s; };", "/memory@100000"},
    [RESERVE] = {"reserved-memory { firmware { %s; }; };", "/reserved-memory/firmware"},
    [PCI] = {"pci { nic { %s; }; };", "/pci/nic"},
};

static void read_with(enum config_kind kind, const char *property)
{
    char changes[512];
    if (kind == VM && strncmp(property, "cpu", 3) == 0 && strncmp(property, "cpuid", 5) != 0) {
        snprintf(changes, sizeof(changes), "a { /delete-property/ cpus; %s; };", property);
        parse_with(changes);
        return;
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(changes, sizeof(changes), places[kind].format, property);
#pragma GCC diagnostic pop
    if (kind >= DESC) {
        machine_with(changes);
    } else {
        parse_with(changes);
    }
}

static void assert_accepted(enum config_kind kind, const char *property)
{
    read_with(kind, property);
    if (report.errors > 0) {
        char line[CONFIG_LINE_SIZE];
        fail_msg("%s is refused: %s", property,
                 config_problem_format(&report.problems[0], line, sizeof(line)));
    }
}

static void good_values_are_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_accepted(cases[i].kind, cases[i].good);
    }
}

static void bad_values_are_refused_with_what_is_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char line[CONFIG_LINE_SIZE];
        if (cases[i].bad == NULL) {
            continue; /* a node of that kind is found by it: see test_parse.c, test_machine_desc.c
                       */
        }
        snprintf(line, sizeof(line), "error: %s: %s", places[cases[i].kind].path, cases[i].message);
        read_with(cases[i].kind, cases[i].bad);
        assert_report(line, NULL);
    }
}

static void every_property_has_a_good_and_a_bad_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_property_count; i++) {
        const struct config_property *p = &config_properties[i];
        bool found = p->type == CONFIG_TYPE_IGNORED;
        for (size_t j = 0; j < ARRAY_SIZE(cases); j++) {
            found |= cases[j].kind == p->kind && strcmp(cases[j].name, p->name) == 0;
        }
        if (!found) {
            fail_msg("no case of %s of %s", p->name, config_kind_name(p->kind));
        }
    }
}

static void examples_are_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_property_count; i++) {
        if (config_properties[i].type != CONFIG_TYPE_IGNORED) {
            assert_accepted(config_properties[i].kind, config_properties[i].example);
        }
    }
}

static void choices_are_what_their_bounds_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_property_count; i++) {
        const struct config_property *p = &config_properties[i];
        char text[256] = "";
        for (const struct config_choice *c = p->choices; c != NULL && c->name != NULL; c++) {
            size_t length = strlen(text);
            snprintf(text + length, sizeof(text) - length, "%s\"%s\"", length > 0 ? ", " : "",
                     c->name);
        }
        if (p->type == CONFIG_TYPE_CHOICE) {
            assert_string_equal(p->bounds, text);
        }
    }
}

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail_msg("%s: run the test from the root of the tree", path);
    }
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

static void documentation_has_the_table_of_the_code(void **state)
{
    (void)state;
    char *text = read_text("docs/configuration.md");
    size_t rows = 0;
    for (size_t i = 0; i < config_property_count; i++) {
        char row[CONFIG_ROW_SIZE];
        if (config_properties[i].type == CONFIG_TYPE_IGNORED) {
            continue;
        }
        rows++;
        config_property_row(&config_properties[i], row, sizeof(row));
        if (strstr(text, row) == NULL) {
            fail_msg("docs/configuration.md lacks: %s", row);
        }
    }
    for (const char *p = text; (p = strstr(p, "\n| `")) != NULL; p++) {
        rows -= strchr(p + 4, '\n') > strstr(p, ";` |"); /* rows of other tables have no example */
    }
    assert_int_equal(rows, 0);
    free(text);
}

static void assert_policy_documented(const char *text, const struct config_policy_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        char row[CONFIG_ROW_SIZE];
        config_policy_text(&table->rows[i], row, sizeof(row));
        if (strstr(text, row) == NULL) {
            fail_msg("docs/configuration.md lacks: %s", row);
        }
    }
}

static void documentation_has_ports_msrs_and_features(void **state)
{
    (void)state;
    char *text = read_text("docs/configuration.md");
    assert_policy_documented(text, &config_port_policy);
    assert_policy_documented(text, &config_msr_policy);
    for (size_t i = 0; i < config_cpuid_feature_count; i++) {
        char name[64];
        snprintf(name, sizeof(name), "`%s`", config_cpuid_features[i].name);
        if (strstr(text, name) == NULL) {
            fail_msg("docs/configuration.md lacks: %s", name);
        }
    }
    free(text);
}

static int forget(void **state)
{
    (void)state;
    tree_forget();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_values_are_accepted),
        cmocka_unit_test(bad_values_are_refused_with_what_is_right),
        cmocka_unit_test(every_property_has_a_good_and_a_bad_case),
        cmocka_unit_test(examples_are_accepted),
        cmocka_unit_test(choices_are_what_their_bounds_say),
        cmocka_unit_test(documentation_has_the_table_of_the_code),
        cmocka_unit_test(documentation_has_ports_msrs_and_features),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
