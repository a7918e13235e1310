/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers of a VM's properties that are more than one number or choice: name, CPUs, memory,
 * images. Called by config_read_node() with values of the right type and count.
 */
#include <libfdt.h>

#include "boot/config/internal.h"
#include "boot/config/property.h"
#include "kernel/printf.h"
#include "kernel/string.h"

bool config_name_is_valid(const char *name, size_t length)
{
    if (length == 0 || length >= VM_NAME_SIZE || name[0] < 'a' || name[0] > 'z') {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        bool letter = name[i] >= 'a' && name[i] <= 'z';
        bool digit = name[i] >= '0' && name[i] <= '9';
        if (!letter && !digit && name[i] != '-') {
            return false;
        }
    }
    return true;
}

void config_read_name(struct config_reader *reader, const struct config_property *property,
                      const struct config_value *value)
{
    struct config_vm *vm = reader->target;
    const char *name = config_value_string(value, 0);
    if (!config_name_is_valid(name, strlen(name))) {
        struct config_problem *problem = config_reader_error(reader, property, value);
        config_problem_what(problem, "is not a VM's name");
        config_problem_remedy(problem, "use %s", CONFIG_NAME_RULE);
        return;
    }
    ksnprintf(vm->plan.name, sizeof(vm->plan.name), "%s", name);
}

void config_read_cpus(struct config_reader *reader, const struct config_property *property,
                      const struct config_value *value)
{
    struct config_vm *vm = reader->target;
    uint32_t cells = config_value_is_strings(value) ? 0 : config_value_cell_count(value);
    struct config_problem *problem;
    if (cells != 1) {
        problem = config_reader_error(reader, property, value);
        config_problem_what(problem,
                            cells > 1 ? "is a list, but cpus is a count" : "is not one number");
        config_problem_remedy(problem,
                              "write cpus = <2> for any two CPUs, cpu-list = <1 3> for these two");
        return;
    }
    uint32_t count = config_value_cell(value, 0);
    if (count < property->min || count > property->max) {
        problem = config_reader_error(reader, property, value);
        config_problem_what(problem, "is out of bounds");
        config_problem_remedy(problem, "a VM has %u to %u CPUs", property->min, property->max);
        return;
    }
    vm->cpus_given = count;
}

void config_read_cpu_list(struct config_reader *reader, const struct config_property *property,
                          const struct config_value *value)
{
    struct config_vm *vm = reader->target;
    uint32_t count = config_value_cell_count(value);
    uint64_t seen = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t cpu = config_value_cell(value, i);
        if (cpu >= CPU_MAX) {
            struct config_problem *problem = config_reader_error(reader, property, value);
            config_problem_what(problem, "names CPU %u", cpu);
            config_problem_remedy(problem, "CPUs are numbered from 0, and Bulkhead uses %u at most",
                                  CPU_MAX);
            return;
        }
        if ((seen & BIT(cpu)) != 0) {
            struct config_problem *problem = config_reader_error(reader, property, value);
            config_problem_what(problem, "names CPU %u twice", cpu);
            config_problem_remedy(problem, "name each CPU once");
            return;
        }
        seen |= BIT(cpu);
        vm->cpu_list[i] = cpu;
    }
    vm->cpu_listed = true;
    vm->cpu_count = count;
}

/* A string with unit, or KiB in one cell or in two (high, low). */
bool config_read_size(struct config_reader *reader, const struct config_property *property,
                      const struct config_value *value, uint64_t *bytes)
{
    uint32_t cells = config_value_cell_count(value);
    bool ok = false;
    if (config_value_string_count(value) == 1) {
        ok = config_parse_size(config_value_string(value, 0), bytes);
    } else if (cells == 1 || cells == 2) {
        uint64_t kib = config_value_cell(value, 0);
        if (cells == 2) {
            kib = kib << 32 | config_value_cell(value, 1);
        }
        ok = kib <= UINT64_MAX >> 10;
        *bytes = kib << 10;
    }
    if (ok) {
        return true;
    }
    struct config_problem *problem = config_reader_error(reader, property, value);
    config_problem_what(problem, "is not a size");
    config_problem_remedy(problem,
                          "write a number with K, M, G or T, for example \"512M\", or <KiB>");
    return false;
}

void config_read_memory(struct config_reader *reader, const struct config_property *property,
                        const struct config_value *value)
{
    struct config_vm *vm = reader->target;
    uint64_t bytes;
    if (!config_read_size(reader, property, value, &bytes)) {
        return;
    }
    char text[CONFIG_SIZE_TEXT];
    if (bytes < CONFIG_MEMORY_MIN || bytes > CONFIG_MEMORY_MAX) {
        struct config_problem *problem = config_reader_error(reader, property, value);
        config_problem_what(problem, "is %s", config_format_size(bytes, text, sizeof(text)));
        config_problem_remedy(problem, "a VM has 1 MiB to 1 TiB; cells count KiB");
        return;
    }
    if (!is_aligned(bytes, PAGE_SIZE)) {
        struct config_problem *problem = config_reader_error(reader, property, value);
        config_problem_what(problem, "is %s, which is no multiple of 4 KiB",
                            config_format_size(bytes, text, sizeof(text)));
        config_problem_remedy(problem, "write \"%lluK\"",
                              (unsigned long long)(align_up(bytes, PAGE_SIZE) >> 10));
        return;
    }
    vm->memory = bytes;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* As names on a FAT volume compare. */
static bool same_name(const char *a, const char *b)
{
    for (; *a != '\0' && lower(*a) == lower(*b); a++) {
        b++;
    }
    return lower(*a) == lower(*b);
}

static bool is_path_character(char c)
{
    char l = lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || strchr("_.+@- /", c) != NULL;
}

static const char *part_fault(const char *part, size_t length)
{
    if (length == 0) {
        return "has an empty part";
    }
    if (length == 2 && part[0] == '.' && part[1] == '.') {
        return "leaves the configuration's folder with \"..\"";
    }
    if (part[0] == ' ' || part[length - 1] == ' ' || part[length - 1] == '.') {
        return "has a part that begins with a space or ends with a space or dot";
    }
    return NULL;
}

/* No way out of the configuration's folder, and nothing that its FAT volume would not take. */
static const char *path_fault(const char *path)
{
    if (strlen(path) == 0) {
        return "is empty";
    }
    if (strlen(path) >= CONFIG_PATH_SIZE) {
        return "is longer than 127 characters";
    }
    if (path[0] == '/') {
        return "is absolute";
    }
    for (const char *c = path; *c != '\0'; c++) {
        if (!is_path_character(*c)) {
            return "has a character other than letters, digits, space and _ . + @ - /";
        }
    }
    for (const char *part = path; part != NULL;) {
        const char *end = strchr(part, '/');
        size_t length = end != NULL ? (size_t)(end - part) : strlen(part);
        const char *fault = part_fault(part, length);
        if (fault != NULL) {
            return fault;
        }
        part = end != NULL ? end + 1 : NULL;
    }
    return same_name(path, "machine.dtb") ? "is the name of the configuration itself" : NULL;
}

/* The index of `path` among the configuration's files, added when new; file_count: no room. */
static uint32_t file_index(struct config *config, const char *path)
{
    for (uint32_t i = 0; i < config->file_count; i++) {
        if (same_name(config->files[i].path, path)) {
            return i;
        }
    }
    if (config->file_count == CONFIG_FILE_MAX) {
        return CONFIG_FILE_MAX;
    }
    config->files[config->file_count] = (struct config_file){.path = path};
    return config->file_count++;
}

void config_read_file(struct config_reader *reader, const struct config_property *property,
                      const struct config_value *value)
{
    struct config_module *module = reader->target;
    const char *path = config_value_string(value, 0);
    const char *fault = path_fault(path);
    if (fault != NULL) {
        struct config_problem *problem = config_reader_error(reader, property, value);
        config_problem_what(problem, "%s", fault);
        config_problem_remedy(
            problem, "write a path relative to the configuration, for example \"linux/vmlinuz\"");
        return;
    }
    module->file_index = file_index(reader->config, path);
    if (module->file_index == CONFIG_FILE_MAX) {
        struct config_problem *problem = config_reader_error(reader, property, value);
        config_problem_what(problem, "is one file more than the %u allowed", CONFIG_FILE_MAX);
        return;
    }
    const char *known = reader->config->files[module->file_index].path;
    if (strcmp(known, path) != 0) {
        struct config_problem *problem = config_reader_error(reader, property, value);
        config_problem_what(problem, "is the same file as \"%s\" on a FAT volume", known);
        config_problem_remedy(problem, "write it in one way");
        return;
    }
    module->file = path;
}

void config_read_bootargs(struct config_reader *reader, const struct config_property *property,
                          const struct config_value *value)
{
    struct config_module *module = reader->target;
    const char *text = config_value_string(value, 0);
    if (strlen(text) > CONFIG_BOOTARGS_MAX) {
        struct config_problem *problem = config_reader_error(reader, property, value);
        config_problem_what(problem, "has %zu characters", strlen(text));
        config_problem_remedy(problem, "use %u at most", CONFIG_BOOTARGS_MAX);
        return;
    }
    module->bootargs = text;
}
