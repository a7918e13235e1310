/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's commands about the machine: log, memory, plan, processor, the end. */
#include "kernel/cpu.h"
#include "kernel/log.h"
#include "kernel/machine.h"
#include "kernel/memory.h"
#include "kernel/monitor_internal.h"
#include "kernel/msr.h"
#include "kernel/percpu.h"
#include "kernel/plan_print.h"
#include "kernel/string.h"

#define LOG_BYTES 2000 /* what `log` shows when nothing else is said */

/* ---- log ---- */

static const char *const level_names[] = {
    [LOG_ERROR] = "error", [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice",
    [LOG_INFO] = "info",   [LOG_DEBUG] = "debug",
};

static void set_level(const char *word)
{
    for (uint32_t i = 0; i < ARRAY_SIZE(level_names); i++) {
        if (strcmp(level_names[i], word) == 0) {
            log_set_level((enum log_level)i);
            monitor_print("Lines above \"%s\" are no longer printed.\n", word);
            return;
        }
    }
    monitor_print("Levels are error, warning, notice, info, debug; not \"%.40s\".\n", word);
}

void monitor_log(const struct monitor_call *call)
{
    const char *word = call->count > 1 ? call->words[1] : "";
    uint64_t end = log_position();
    uint64_t bytes = LOG_BYTES;
    if (strcmp(word, "level") == 0) {
        if (call->count > 2) {
            set_level(call->words[2]);
        } else {
            monitor_print("Lines up to \"%s\" are printed.\n", level_names[log_get_level()]);
        }
        return;
    }
    if (call->count > 2) {
        monitor_print("Only \"log level\" takes another word.\n");
    } else if (strcmp(word, "follow") == 0) {
        monitor_print("(q, Enter or Ctrl-C ends this)\n");
        monitor_show_log(end, UINT64_MAX);
    } else if (strcmp(word, "all") == 0) {
        monitor_show_log(end - MIN(end, LOG_RING_SIZE), end);
    } else if (word[0] == '\0' || monitor_number(word, LOG_RING_SIZE, &bytes)) {
        monitor_show_log(end - MIN(end, bytes), end);
    }
}

/* ---- memory and plan ---- */

void monitor_memory(const struct monitor_call *call)
{
    (void)call;
    const struct boot_info *info = monitor_info();
    static const char *const types[] = {
        [BOOT_MEMORY_FREE] = "for VMs",
        [BOOT_MEMORY_BULKHEAD] = "Bulkhead and images",
        [BOOT_MEMORY_RESERVED] = "the firmware's",
    };
    for (uint32_t type = 0; type < ARRAY_SIZE(types); type++) {
        uint64_t sum = 0;
        for (uint32_t i = 0; i < info->memory_count; i++) {
            sum += info->memory[i].type == type ? info->memory[i].size : 0;
        }
        monitor_print("  %-24s %10lu KiB\n", types[type], sum / 1024);
    }
    for (uint32_t i = 0; i < vm_count(); i++) {
        monitor_print("    VM %-19s %10lu KiB\n", vm_get(i)->plan->name,
                      vm_memory_size(vm_get(i)) / 1024);
    }
    monitor_print("  %-24s %10lu of %lu KiB, for good\n", "Bulkhead's tables", memory_used() / 1024,
                  memory_size() / 1024);
}

void monitor_plan(const struct monitor_call *call)
{
    const struct vm *one = call->count > 1 ? monitor_vm(call->words[1]) : NULL;
    for (uint32_t i = 0; i < vm_count(); i++) {
        if (call->count == 1 || one == vm_get(i)) {
            plan_print(vm_get(i)->plan, monitor_emit, NULL);
        }
    }
}

/* ---- processor ---- */

void monitor_cpuid(const struct monitor_call *call)
{
    char *dot = strchr(call->words[1], '.');
    uint64_t leaf = 0;
    uint64_t subleaf = 0;
    if (dot != NULL) {
        *dot = '\0';
    }
    if (!monitor_number(call->words[1], UINT32_MAX, &leaf) ||
        (dot != NULL && !monitor_number(dot + 1, UINT32_MAX, &subleaf))) {
        return;
    }
    struct cpuid_result result = cpu_cpuid((uint32_t)leaf, (uint32_t)subleaf);
    monitor_print("CPU %u: EAX %08x  EBX %08x  ECX %08x  EDX %08x\n", this_cpu()->index, result.eax,
                  result.ebx, result.ecx, result.edx);
}

/* MSRs whose reading has no effect; one that the processor lacks is said to be missing. */
static const struct {
    const char *name;
    uint32_t first;
    uint32_t last;
} readable[] = {
    {"IA32_TIME_STAMP_COUNTER", 0x10, 0x10},
    {"IA32_PLATFORM_ID", 0x17, 0x17},
    {"IA32_APIC_BASE", 0x1b, 0x1b},
    {"IA32_FEATURE_CONTROL", 0x3a, 0x3b}, /* and IA32_TSC_ADJUST */
    {"IA32_SPEC_CTRL", 0x48, 0x48},
    {"IA32_BIOS_SIGN_ID", 0x8b, 0x8b},
    {"MSR_PLATFORM_INFO", 0xce, 0xcf}, /* and IA32_CORE_CAPABILITIES */
    {"IA32_MPERF", 0xe7, 0xe8},        /* and IA32_APERF */
    {"IA32_MTRRCAP", 0xfe, 0xfe},
    {"IA32_ARCH_CAPABILITIES", 0x10a, 0x10a},
    {"IA32_SYSENTER_CS", 0x174, 0x176}, /* and _ESP, _EIP */
    {"IA32_MCG_CAP", 0x179, 0x17a},     /* and IA32_MCG_STATUS */
    {"IA32_PERF_STATUS", 0x198, 0x198},
    {"IA32_THERM_STATUS", 0x19c, 0x19c},
    {"IA32_MISC_ENABLE", 0x1a0, 0x1a0},
    {"IA32_PACKAGE_THERM_STATUS", 0x1b1, 0x1b1},
    {"IA32_MTRR_PHYSBASE0", 0x200, 0x213},
    {"IA32_PAT", 0x277, 0x277},
    {"IA32_MTRR_DEF_TYPE", 0x2ff, 0x2ff},
    {"IA32_MC0_CTL", 0x400, 0x47f}, /* and all banks' */
    {"IA32_VMX_BASIC", 0x480, 0x491},
    {"IA32_TSC_DEADLINE", 0x6e0, 0x6e0},
    {"IA32_X2APIC_APICID", 0x802, 0x803}, /* and _VERSION */
    {"IA32_EFER", 0xc0000080, 0xc0000084},
    {"IA32_FS_BASE", 0xc0000100, 0xc0000103},
};

void monitor_rdmsr(const struct monitor_call *call)
{
    const char *word = call->words[1];
    uint64_t number = 0;
    bool by_name = (word[0] | 0x20) >= 'a';
    if (!by_name && !monitor_number(word, UINT32_MAX, &number)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(readable); i++) {
        bool named = by_name && strcmp(readable[i].name, word) == 0;
        if (named || (!by_name && number >= readable[i].first && number <= readable[i].last)) {
            uint32_t msr = named ? readable[i].first : (uint32_t)number;
            uint64_t value;
            if (cpu_rdmsr_safe(msr, &value)) {
                monitor_print("CPU %u: MSR 0x%x is %016lx\n", this_cpu()->index, msr, value);
            } else {
                monitor_print("CPU %u has no MSR 0x%x.\n", this_cpu()->index, msr);
            }
            return;
        }
    }
    monitor_print("\"%.40s\" is not among the MSRs that are safe to read.\n", word);
}

/* ---- the end ---- */

static bool sure(const struct monitor_call *call)
{
    if (call->count > 1 && strcmp(call->words[1], "now") != 0) {
        monitor_print("\"%.40s\" is not understood; \"now\" is.\n", call->words[1]);
        return false;
    }
    if (call->count > 1 || vm_all_ended()) {
        return true;
    }
    monitor_print("VMs run. To do it all the same: %s now\n", call->words[0]);
    return false;
}

void monitor_reboot(const struct monitor_call *call)
{
    if (sure(call)) {
        log_notice("the machine is reset by the monitor");
        machine_reset();
    }
}

void monitor_poweroff(const struct monitor_call *call)
{
    if (sure(call)) {
        log_notice("the machine is switched off by the monitor");
        machine_power_off();
    }
}
