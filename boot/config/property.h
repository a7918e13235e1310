/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of every property that a configuration or a machine description may have. Reading,
 * the search for the nearest known name, bulkhead-check --properties and the test of
 * docs/configuration.md all go by it. Used inside boot/config only.
 */
#ifndef BOOT_CONFIG_PROPERTY_H
#define BOOT_CONFIG_PROPERTY_H

#include "boot/config/config.h"
#include "boot/config/report.h"
#include "boot/config/value.h"

enum config_kind {
    CONFIG_KIND_MACHINE, /* /chosen/hypervisor */
    CONFIG_KIND_VM,
    CONFIG_KIND_MODULE,
    CONFIG_KIND_DESC, /* the root of a machine description, and so on */
    CONFIG_KIND_DESC_CPU,
    CONFIG_KIND_DESC_MEMORY,
    CONFIG_KIND_DESC_RESERVED,
    CONFIG_KIND_DESC_PCI,
    CONFIG_KIND_COUNT
};

enum config_type {
    CONFIG_TYPE_STRINGS, /* `min` to `max` strings */
    CONFIG_TYPE_CHOICE,  /* one of `choices`, stored as uint32_t */
    CONFIG_TYPE_U32,     /* one cell from `min` to `max`, stored as uint32_t */
    CONFIG_TYPE_CELLS,   /* `min` to `max` cells */
    CONFIG_TYPE_SIZE,    /* a string with unit, or one or two cells in KiB */
    CONFIG_TYPE_FLAG,    /* present or not; ORs `flag` into a uint32_t */
    CONFIG_TYPE_IGNORED, /* dtc's own */
};

struct config_choice {
    const char *name; /* NULL ends a list */
    uint32_t value;
};

struct config_reader;
struct config_property;

/* Reads a value that already has the property's type. Reports what is wrong itself. */
typedef void (*config_read_fn)(struct config_reader *reader, const struct config_property *property,
                               const struct config_value *value);

struct config_property {
    enum config_kind kind;
    const char *name;
    enum config_type type;
    bool required;
    const char *unit;    /* documentation: NULL, none */
    const char *initial; /* what holds when the property is absent */
    const char *bounds;
    const char *help;
    const char *example; /* as in a source file, without the semicolon */
    const struct config_choice *choices;
    uint32_t min;
    uint32_t max;
    uint32_t flag;
    size_t field;        /* offset in the target, for types that are stored */
    config_read_fn read; /* NULL: stored by type alone */
};

extern const struct config_property config_properties[];
extern const size_t config_property_count;

/* What the properties of a machine description's nodes are read into. */
struct config_desc_cpu {
    uint32_t reg;
    uint32_t core; /* UINT32_MAX: not given */
    uint32_t package;
    uint32_t node;
    uint32_t core_type;
};

struct config_desc_memory {
    uint32_t node;
};

struct config_desc_pci {
    struct vm_pci_function function;
    uint32_t vendor;
    uint32_t device;
    uint32_t class_code;
};

/* "a VM", "the machine node": for messages and documentation. */
const char *config_kind_name(enum config_kind kind);

/* "string", "size", "flag", ...: for documentation. */
const char *config_type_name(enum config_type type);

/* A row of docs/configuration.md's table for the property. Returns buf. */
const char *config_property_row(const struct config_property *property, char *buf, size_t size);
#define CONFIG_ROW_SIZE 512

/* What reading a tree needs. `target` is what the offsets in the table are relative to. */
struct config_reader {
    const void *fdt;
    struct config_report *report;
    int node;
    enum config_kind kind;
    void *target;
    struct config *config;          /* NULL for machine descriptions */
    struct config_machine *machine; /* NULL for configurations */
};

/* Reads all properties of reader->node by the table; reports unknown, doubled and missing ones. */
void config_read_node(struct config_reader *reader);

/* Adds a problem of a node, named by its path, and a property (NULL: none). */
struct config_problem *config_reader_problem(const struct config_reader *reader,
                                             enum config_severity severity, const char *property);

/* Adds an error of a property, with its value. */
struct config_problem *config_reader_error(const struct config_reader *reader,
                                           const struct config_property *property,
                                           const struct config_value *value);

/* As above for any node of a tree. */
struct config_problem *config_node_problem(struct config_report *report, const void *fdt, int node,
                                           enum config_severity severity, const char *property);

/* Reads a value of CONFIG_TYPE_SIZE; reports and returns false when it is none. */
bool config_read_size(struct config_reader *reader, const struct config_property *property,
                      const struct config_value *value, uint64_t *bytes);

/* Custom readers: parse.c, read_vm.c, read_rights.c and machine_desc.c. */
void config_read_compatible(struct config_reader *reader, const struct config_property *property,
                            const struct config_value *value);
void config_read_name(struct config_reader *reader, const struct config_property *property,
                      const struct config_value *value);
void config_read_cpus(struct config_reader *reader, const struct config_property *property,
                      const struct config_value *value);
void config_read_cpu_list(struct config_reader *reader, const struct config_property *property,
                          const struct config_value *value);
void config_read_memory(struct config_reader *reader, const struct config_property *property,
                        const struct config_value *value);
void config_read_fault_plan(struct config_reader *reader, const struct config_property *property,
                            const struct config_value *value);
void config_read_permissions(struct config_reader *reader, const struct config_property *property,
                             const struct config_value *value);
void config_read_pci(struct config_reader *reader, const struct config_property *property,
                     const struct config_value *value);
void config_read_console_view(struct config_reader *reader, const struct config_property *property,
                              const struct config_value *value);
void config_read_ports(struct config_reader *reader, const struct config_property *property,
                       const struct config_value *value);
void config_read_msrs(struct config_reader *reader, const struct config_property *property,
                      const struct config_value *value);
void config_read_cpuid_hide(struct config_reader *reader, const struct config_property *property,
                            const struct config_value *value);
void config_read_file(struct config_reader *reader, const struct config_property *property,
                      const struct config_value *value);
void config_read_bootargs(struct config_reader *reader, const struct config_property *property,
                          const struct config_value *value);
void config_read_desc_cells(struct config_reader *reader, const struct config_property *property,
                            const struct config_value *value);
void config_read_desc_memory(struct config_reader *reader, const struct config_property *property,
                             const struct config_value *value);
void config_read_desc_pci(struct config_reader *reader, const struct config_property *property,
                          const struct config_value *value);
void config_read_desc_ports(struct config_reader *reader, const struct config_property *property,
                            const struct config_value *value);
void config_read_desc_sinks(struct config_reader *reader, const struct config_property *property,
                            const struct config_value *value);
void config_read_desc_distance(struct config_reader *reader, const struct config_property *property,
                               const struct config_value *value);
void config_read_desc_reserve(struct config_reader *reader, const struct config_property *property,
                              const struct config_value *value);

#endif
