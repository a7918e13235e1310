/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the properties of one node by the table: types, counts, bounds, unknown names, doubled
 * and missing properties. Called for every kind of node; must not know any property by name.
 */
#include <libfdt.h>

#include "boot/config/property.h"
#include "kernel/printf.h"
#include "kernel/string.h"

struct config_problem *config_node_problem(struct config_report *report, const void *fdt, int node,
                                           enum config_severity severity, const char *property)
{
    char path[CONFIG_NODE_SIZE] = "?";
    /* A path costs a walk through the tree: only for problems that are kept. */
    if (config_report_room(report) && fdt_get_path(fdt, node, path, sizeof(path)) < 0) {
        const char *name = fdt_get_name(fdt, node, NULL);
        ksnprintf(path, sizeof(path), "%s", name != NULL ? name : "?");
    }
    return config_report_add(report, severity, path, property);
}

struct config_problem *config_reader_problem(const struct config_reader *reader,
                                             enum config_severity severity, const char *property)
{
    return config_node_problem(reader->report, reader->fdt, reader->node, severity, property);
}

struct config_problem *config_reader_error(const struct config_reader *reader,
                                           const struct config_property *property,
                                           const struct config_value *value)
{
    struct config_problem *problem = config_reader_problem(reader, CONFIG_ERROR, property->name);
    config_value_format(value, problem->value, sizeof(problem->value));
    return problem;
}

static void add_example(struct config_problem *problem, const struct config_property *property)
{
    config_problem_remedy(problem, "write for example %s", property->example);
}

static uint32_t *field_of(const struct config_reader *reader,
                          const struct config_property *property)
{
    return (uint32_t *)(void *)((uint8_t *)reader->target + property->field);
}

static void read_flag(struct config_reader *reader, const struct config_property *property,
                      const struct config_value *value)
{
    if (value->size != 0) {
        struct config_problem *problem = config_reader_error(reader, property, value);
        config_problem_what(problem, "is a flag and takes no value");
        config_problem_remedy(problem, "write \"%s;\" to turn it on, nothing to leave it off",
                              property->name);
        return;
    }
    *field_of(reader, property) |= property->flag;
}

static void report_choice(struct config_reader *reader, const struct config_property *property,
                          const struct config_value *value)
{
    struct config_nearest nearest = {.wrong = config_value_string(value, 0)};
    for (const struct config_choice *c = property->choices; c->name != NULL; c++) {
        config_nearest_offer(&nearest, c->name);
    }
    struct config_problem *problem = config_reader_error(reader, property, value);
    config_problem_what(problem, "is not one of %s", property->bounds);
    if (nearest.best != NULL) {
        config_problem_remedy(problem, "did you mean \"%s\"?", nearest.best);
    }
}

static void read_choice(struct config_reader *reader, const struct config_property *property,
                        const struct config_value *value)
{
    if (config_value_string_count(value) != 1) {
        struct config_problem *problem = config_reader_error(reader, property, value);
        config_problem_what(problem, "is not one string");
        config_problem_remedy(problem, "write one of %s", property->bounds);
        return;
    }
    const char *text = config_value_string(value, 0);
    for (const struct config_choice *c = property->choices; c->name != NULL; c++) {
        if (strcmp(c->name, text) == 0) {
            *field_of(reader, property) = c->value;
            return;
        }
    }
    report_choice(reader, property, value);
}

static void read_u32(struct config_reader *reader, const struct config_property *property,
                     const struct config_value *value)
{
    if (config_value_cell_count(value) != 1 && property->read == NULL) {
        struct config_problem *problem = config_reader_error(reader, property, value);
        add_example(config_problem_what(problem, "is not one number"), property);
        return;
    }
    if (property->read != NULL) {
        property->read(reader, property, value);
        return;
    }
    uint32_t number = config_value_cell(value, 0);
    if (number < property->min || number > property->max) {
        struct config_problem *problem = config_reader_error(reader, property, value);
        config_problem_what(problem, "is out of bounds");
        config_problem_remedy(problem, "%s can be %u to %u", property->name, property->min,
                              property->max);
        return;
    }
    *field_of(reader, property) = number;
}

/* Strings and cells: the right type, and between min and max of them. */
static void read_list(struct config_reader *reader, const struct config_property *property,
                      const struct config_value *value)
{
    bool strings = property->type == CONFIG_TYPE_STRINGS;
    uint32_t count = strings ? config_value_string_count(value) : config_value_cell_count(value);
    const char *what = strings ? "string" : "number";
    if (count == 0) {
        struct config_problem *problem = config_reader_error(reader, property, value);
        if (property->max == 1) {
            config_problem_what(problem, "is not a %s", what);
        } else {
            config_problem_what(problem, "is not a list of %ss", what);
        }
        add_example(problem, property);
    } else if (count < property->min || count > property->max) {
        struct config_problem *problem = config_reader_error(reader, property, value);
        config_problem_what(problem, "holds %u %ss", count, what);
        config_problem_remedy(problem, "%s takes %u at %s", property->name,
                              count < property->min ? property->min : property->max,
                              count < property->min ? "least" : "most");
    } else if (property->read != NULL) {
        property->read(reader, property, value);
    }
}

static void read_property(struct config_reader *reader, const struct config_property *property,
                          const struct config_value *value)
{
    switch (property->type) {
    case CONFIG_TYPE_FLAG:
        read_flag(reader, property, value);
        break;
    case CONFIG_TYPE_CHOICE:
        read_choice(reader, property, value);
        break;
    case CONFIG_TYPE_U32:
        read_u32(reader, property, value);
        break;
    case CONFIG_TYPE_STRINGS:
    case CONFIG_TYPE_CELLS:
        read_list(reader, property, value);
        break;
    case CONFIG_TYPE_SIZE:
        property->read(reader, property, value);
        break;
    case CONFIG_TYPE_IGNORED:
        break;
    }
}

/* dtc adds these to nodes that have labels. */
static bool is_ignored_everywhere(const char *name)
{
    return strcmp(name, "phandle") == 0 || strcmp(name, "linux,phandle") == 0;
}

static const struct config_property *find_property(enum config_kind kind, const char *name,
                                                   size_t *index)
{
    for (*index = 0; *index < config_property_count; (*index)++) {
        const struct config_property *property = &config_properties[*index];
        if (property->kind == kind && strcmp(property->name, name) == 0) {
            return property;
        }
    }
    return NULL;
}

static void report_unknown(struct config_reader *reader, const char *name,
                           const struct config_value *value)
{
    bool kept = config_report_room(reader->report);
    struct config_problem *problem = config_reader_problem(reader, CONFIG_ERROR, name);
    if (!kept) {
        return;
    }
    config_value_format(value, problem->value, sizeof(problem->value));
    config_problem_what(problem, "is not a property of %s", config_kind_name(reader->kind));
    struct config_nearest nearest = {.wrong = name};
    for (size_t i = 0; i < config_property_count; i++) {
        if (config_properties[i].kind == reader->kind) {
            config_nearest_offer(&nearest, config_properties[i].name);
        }
    }
    if (nearest.best != NULL) {
        config_problem_remedy(problem, "did you mean \"%s\"?", nearest.best);
    } else if (strcmp(name, "reg") == 0) {
        config_problem_remedy(problem, "leave it out: the loader chooses addresses");
    } else {
        config_problem_remedy(problem, "bulkhead-check --properties lists those that are");
    }
}

static void report_missing(struct config_reader *reader, uint64_t seen)
{
    for (size_t i = 0; i < config_property_count; i++) {
        const struct config_property *property = &config_properties[i];
        if (property->kind != reader->kind || !property->required || (seen & BIT(i)) != 0) {
            continue;
        }
        struct config_problem *problem =
            config_reader_problem(reader, CONFIG_ERROR, property->name);
        add_example(config_problem_what(problem, "is missing"), property);
    }
}

void config_read_node(struct config_reader *reader)
{
    uint64_t seen = 0; /* by index in the table, which is shorter than 64 */
    int offset;
    fdt_for_each_property_offset(offset, reader->fdt, reader->node)
    {
        const char *name;
        int length;
        const void *data = fdt_getprop_by_offset(reader->fdt, offset, &name, &length);
        if (data == NULL || length < 0) {
            continue; /* fdt_check_full() has been passed: does not happen */
        }
        struct config_value value = {.data = data, .size = (uint32_t)length};
        size_t index;
        const struct config_property *property = find_property(reader->kind, name, &index);
        if (is_ignored_everywhere(name)) {
            continue;
        }
        if (property == NULL) {
            report_unknown(reader, name, &value);
            continue;
        }
        if ((seen & BIT(index)) != 0) {
            config_problem_what(config_reader_error(reader, property, &value), "is given twice");
            continue;
        }
        seen |= BIT(index);
        read_property(reader, property, &value);
    }
    report_missing(reader, seen);
}
