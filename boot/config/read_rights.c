/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers of what a VM may reach beyond its own machine: permissions, PCI functions, ports and
 * MSRs; and of what CPUID hides. Ranges that must never be opened are refused here, with why.
 */
#include "boot/config/internal.h"
#include "boot/config/policy.h"
#include "boot/config/property.h"
#include "kernel/fault_plan.h"
#include "kernel/printf.h"
#include "kernel/string.h"

/* A problem of one string of a list. */
static struct config_problem *item_problem(struct config_reader *reader,
                                           const struct config_property *property, const char *item,
                                           enum config_severity severity)
{
    struct config_problem *problem = config_reader_problem(reader, severity, property->name);
    return config_problem_value(problem, "\"%s\"", item);
}

static struct config_problem *item_error(struct config_reader *reader,
                                         const struct config_property *property, const char *item)
{
    return item_problem(reader, property, item, CONFIG_ERROR);
}

void config_read_permissions(struct config_reader *reader, const struct config_property *property,
                             const struct config_value *value)
{
    struct config_vm *vm = reader->target;
    for (uint32_t i = 0; i < config_value_string_count(value); i++) {
        const char *text = config_value_string(value, i);
        if (strcmp(text, "manage") == 0) {
            vm->plan.flags |= VM_FLAG_MANAGE;
            continue;
        }
        struct config_problem *problem = item_error(reader, property, text);
        config_problem_what(problem, "is not a permission");
        config_problem_remedy(problem, "the only one is \"manage\"");
    }
}

void config_read_fault_plan(struct config_reader *reader, const struct config_property *property,
                            const struct config_value *value)
{
    struct vm_plan *plan = &((struct config_vm *)reader->target)->plan;
    size_t used = 0;
    for (uint32_t i = 0; i < config_value_string_count(value); i++) {
        const char *text = config_value_string(value, i);
        struct fault_plan parsed;
        char bad[FAULT_WORD_SIZE];
        size_t length = strlen(text);
        if (!fault_plan_parse(text, length, &parsed, bad)) {
            struct config_problem *problem = item_error(reader, property, bad);
            config_problem_what(problem, "is not a fault");
            config_problem_remedy(problem, "see docs/faults.md; for example \"nmi=1s\"");
        } else if (used + length + 2 > sizeof(plan->fault_plan)) {
            struct config_problem *problem = item_error(reader, property, text);
            config_problem_what(problem, "does not fit: all together may have 127 characters");
            config_problem_remedy(problem, "leave something out");
        } else {
            memcpy(plan->fault_plan + used, text, length);
            used += length;
            plan->fault_plan[used++] = ',';
            if (!fault_plan_parse(plan->fault_plan, used, &parsed, bad)) {
                struct config_problem *problem = item_error(reader, property, bad);
                config_problem_what(problem, "is one too many: at most %u pages", FAULT_POISON_MAX);
                config_problem_remedy(problem, "leave something out");
            }
        }
    }
}

void config_read_pci(struct config_reader *reader, const struct config_property *property,
                     const struct config_value *value)
{
    struct vm_plan *plan = &((struct config_vm *)reader->target)->plan;
    for (uint32_t i = 0; i < config_value_string_count(value); i++) {
        const char *text = config_value_string(value, i);
        struct vm_pci_function function;
        if (!config_parse_pci(text, &function)) {
            struct config_problem *problem = item_error(reader, property, text);
            config_problem_what(problem, "is not a PCI function");
            config_problem_remedy(
                problem, "write bus:device.function in hexadecimal, for example \"00:1f.2\"");
            continue;
        }
        bool twice = false;
        for (uint32_t j = 0; j < plan->pci_count; j++) {
            twice |= config_pci_equal(&plan->pci[j], &function);
        }
        if (twice) {
            config_problem_remedy(config_problem_what(item_error(reader, property, text),
                                                      "is given twice to this VM"),
                                  "name it once");
            continue;
        }
        plan->pci[plan->pci_count++] = function;
    }
}

/* A range by name or number. Reports and returns false when it is neither. */
static bool parse_item(struct config_reader *reader, const struct config_property *property,
                       const char *text, const struct config_policy_table *table, uint32_t max,
                       uint32_t *first, uint32_t *last)
{
    const struct config_policy *row = config_policy_find(table, text);
    if (row != NULL) {
        *first = row->first;
        *last = row->last;
        return true;
    }
    if (config_parse_range(text, first, last) && *last <= max) {
        return true;
    }
    struct config_nearest nearest = {.wrong = text};
    for (size_t i = 0; i < table->count; i++) {
        config_nearest_offer(&nearest, table->rows[i].name);
    }
    bool number = text[0] >= '0' && text[0] <= '9';
    struct config_problem *problem = item_error(reader, property, text);
    if (number) {
        config_problem_what(problem, "is not a range within 0 to 0x%x", max);
    } else {
        config_problem_what(problem, "is neither a known name nor a range");
    }
    if (nearest.best != NULL && !number) {
        config_problem_remedy(problem, "did you mean \"%s\"?", nearest.best);
    } else {
        config_problem_remedy(problem, "write a number or FIRST-LAST, as in %s", property->example);
    }
    return false;
}

/* Whether the table allows [first, last]; reports what it does not, or doubts. */
static bool check_policy(struct config_reader *reader, const struct config_property *property,
                         const char *text, const struct config_policy *row)
{
    bool write = property->flag != 0;
    if (row == NULL || row->rule == CONFIG_RULE_OPEN || (row->rule == CONFIG_RULE_READ && !write)) {
        return true;
    }
    bool refused = row->rule != CONFIG_RULE_DOUBT;
    struct config_problem *problem =
        item_problem(reader, property, text, refused ? CONFIG_ERROR : CONFIG_WARNING);
    if (row->rule == CONFIG_RULE_READ) {
        config_problem_what(problem, "is not opened for writing: %s", row->reason);
        config_problem_remedy(problem, "move it to msrs, which is for reading");
        return false;
    }
    char range[CONFIG_RANGE_TEXT];
    config_format_range(row->first, row->last, range, sizeof(range));
    if (refused) {
        config_problem_what(problem, "is never opened: %s", row->reason);
        config_problem_remedy(problem, "leave %s (%s) out", range, row->name);
    } else {
        config_problem_what(problem, "holds %s (%s): %s", range, row->name, row->reason);
    }
    return !refused;
}

void config_read_ports(struct config_reader *reader, const struct config_property *property,
                       const struct config_value *value)
{
    struct vm_plan *plan = &((struct config_vm *)reader->target)->plan;
    for (uint32_t i = 0; i < config_value_string_count(value); i++) {
        const char *text = config_value_string(value, i);
        uint32_t first;
        uint32_t last;
        if (!parse_item(reader, property, text, &config_port_policy, UINT16_MAX, &first, &last) ||
            !check_policy(reader, property, text,
                          config_policy_overlap(&config_port_policy, first, last))) {
            continue;
        }
        bool twice = false;
        for (uint32_t j = 0; j < plan->port_count; j++) {
            twice |= first <= plan->ports[j].last && plan->ports[j].first <= last;
        }
        if (twice) {
            config_problem_remedy(config_problem_what(item_error(reader, property, text),
                                                      "holds ports that are already given"),
                                  "name each port once");
            continue;
        }
        plan->ports[plan->port_count++] = (struct vm_port_range){(uint16_t)first, (uint16_t)last};
    }
}

static void add_msr_range(struct config_reader *reader, const struct config_property *property,
                          const char *text, struct vm_plan *plan, const struct vm_msr_range *range)
{
    for (uint32_t j = 0; j < plan->msr_count; j++) {
        if (range->first <= plan->msrs[j].last && plan->msrs[j].first <= range->last) {
            struct config_problem *problem = item_error(reader, property, text);
            config_problem_what(problem, "holds MSRs that are already given");
            config_problem_remedy(problem, "name each MSR once; msrs-write includes reading");
            return;
        }
    }
    if (plan->msr_count == VM_MSR_MAX) {
        struct config_problem *problem = item_error(reader, property, text);
        config_problem_what(problem, "is one range more than the %u of msrs and msrs-write",
                            VM_MSR_MAX);
        config_problem_remedy(problem, "join ranges that touch");
        return;
    }
    plan->msrs[plan->msr_count++] = *range;
}

void config_read_msrs(struct config_reader *reader, const struct config_property *property,
                      const struct config_value *value)
{
    struct vm_plan *plan = &((struct config_vm *)reader->target)->plan;
    for (uint32_t i = 0; i < config_value_string_count(value); i++) {
        const char *text = config_value_string(value, i);
        struct vm_msr_range range = {.write = property->flag != 0};
        if (!parse_item(reader, property, text, &config_msr_policy, UINT32_MAX, &range.first,
                        &range.last)) {
            continue;
        }
        const struct config_policy *row =
            config_policy_overlap(&config_msr_policy, range.first, range.last);
        if (!check_policy(reader, property, text, row)) {
            continue;
        }
        if (row == NULL && range.write) {
            struct config_problem *problem = item_problem(reader, property, text, CONFIG_WARNING);
            config_problem_what(problem, "is not known to Bulkhead");
            config_problem_remedy(problem, "make sure that writing it affects no other CPU");
        }
        add_msr_range(reader, property, text, plan, &range);
    }
}

static bool find_feature(const char *name, struct vm_cpuid_hide *hide)
{
    for (size_t i = 0; i < config_cpuid_feature_count; i++) {
        const struct config_cpuid_feature *f = &config_cpuid_features[i];
        if (strcmp(f->name, name) == 0) {
            *hide = (struct vm_cpuid_hide){
                .leaf = f->leaf, .subleaf = f->subleaf, .mask = 1u << f->bit, .reg = f->reg};
            return true;
        }
    }
    return false;
}

static void report_feature(struct config_reader *reader, const struct config_property *property,
                           const char *text)
{
    struct config_nearest nearest = {.wrong = text};
    for (size_t i = 0; i < config_cpuid_feature_count; i++) {
        config_nearest_offer(&nearest, config_cpuid_features[i].name);
    }
    struct config_problem *problem = item_error(reader, property, text);
    config_problem_what(problem, "is not a CPUID feature");
    if (nearest.best != NULL) {
        config_problem_remedy(problem, "did you mean \"%s\"?", nearest.best);
    } else {
        config_problem_remedy(problem, "write a feature's name or LEAF.SUBLEAF:REGISTER[BIT], "
                                       "for example \"0x7.0:ebx[16]\"");
    }
}

static void warn_of_needed(struct config_reader *reader, const struct config_property *property,
                           const char *text, const struct vm_cpuid_hide *hide)
{
    for (uint8_t bit = 0; bit < 32; bit++) {
        const struct config_cpuid_feature *f =
            (hide->mask & 1u << bit) != 0
                ? config_cpuid_find_bit(hide->leaf, hide->subleaf, hide->reg, bit)
                : NULL;
        if (f == NULL || !f->needed) {
            continue;
        }
        struct config_problem *problem = item_problem(reader, property, text, CONFIG_WARNING);
        config_problem_what(problem, "hides %s, without which few guests run under Bulkhead",
                            f->name);
        return;
    }
}

void config_read_cpuid_hide(struct config_reader *reader, const struct config_property *property,
                            const struct config_value *value)
{
    struct vm_plan *plan = &((struct config_vm *)reader->target)->plan;
    for (uint32_t i = 0; i < config_value_string_count(value); i++) {
        const char *text = config_value_string(value, i);
        struct vm_cpuid_hide hide;
        if (!find_feature(text, &hide) && !config_parse_cpuid(text, &hide)) {
            report_feature(reader, property, text);
            continue;
        }
        warn_of_needed(reader, property, text, &hide);
        plan->cpuid_hide[plan->cpuid_hide_count++] = hide;
    }
}
