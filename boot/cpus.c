/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which CPUs the machine has, and whether each can run guests. The list comes from ACPI's MADT
 * (boot/machine.c) or from the firmware's MP services protocol (PI specification, "MP Services
 * Protocol"), which also lets every CPU report its VMX capabilities before anything is changed.
 */
#include "boot/loader.h"

#include "vmx/features.h"

typedef struct mp_services MP_SERVICES;

struct mp_processor_info {
    uint64_t processor_id; /* APIC id */
    uint32_t status;       /* bit 0 boot processor, 1 enabled, 2 healthy */
    uint32_t package;
    uint32_t core;
    uint32_t thread;
    uint32_t extended[6];
};

typedef void(EFIAPI *mp_procedure)(void *argument);

struct mp_services {
    EFI_STATUS(EFIAPI *get_number)(MP_SERVICES *self, UINTN *all, UINTN *enabled);
    EFI_STATUS(EFIAPI *get_info)
    (MP_SERVICES *self, UINTN number, struct mp_processor_info *info);
    EFI_STATUS(EFIAPI *startup_all)
    (MP_SERVICES *self, mp_procedure procedure, BOOLEAN one_by_one, EFI_EVENT event,
     UINTN timeout_us, void *argument, UINTN **failed);
    void *startup_this;
    void *switch_boot_processor;
    void *enable_disable;
    void *who_am_i;
};

#define MP_ENABLED_AND_HEALTHY 6
#define AP_TIMEOUT_US          1000000

/* What each CPU reports of itself; in the order of boot_info.cpus. */
struct cpu_report {
    bool present;
    bool topology_known;
    uint32_t smt_shift; /* APIC id bits that number the threads of a core */
    uint32_t package_shift;
    struct vmx_caps caps;
};

static struct cpu_report reports[CPU_MAX];
static struct boot_info *collecting;

static uint32_t own_apic_id(void)
{
    if (cpu_cpuid(0, 0).eax >= 0xb) {
        struct cpuid_result leaf = cpu_cpuid(0xb, 0);
        if (leaf.ebx != 0) {
            return leaf.edx;
        }
    }
    return cpu_cpuid(1, 0).ebx >> 24;
}

/* CPUID leaf 0xB, SDM "Hierarchical Mapping of CPUID Extended Topology Leaf". */
static void read_topology(struct cpu_report *report)
{
    if (cpu_cpuid(0, 0).eax < 0xb || cpu_cpuid(0xb, 0).ebx == 0) {
        return;
    }
    struct cpuid_result threads = cpu_cpuid(0xb, 0);
    struct cpuid_result cores = cpu_cpuid(0xb, 1);
    /* A level with one logical processor has no bits, whatever its shift says. */
    report->topology_known = true;
    report->smt_shift = (threads.ebx & 0xffff) > 1 ? threads.eax & 0x1f : 0;
    report->package_shift = (cores.ebx & 0xffff) > 1 ? cores.eax & 0x1f : 0;
}

/* On every CPU, in the firmware's environment: no firmware call, no allocation. */
static void EFIAPI report_cpu(void *argument)
{
    (void)argument;
    uint32_t id = own_apic_id();
    for (uint32_t i = 0; i < collecting->cpu_count; i++) {
        if (collecting->cpus[i].apic_id == id) {
            read_topology(&reports[i]);
            vmx_caps_read(&reports[i].caps);
            reports[i].present = true;
            return;
        }
    }
}

static MP_SERVICES *find_mp_services(void)
{
    static EFI_GUID guid = {
        0x3fdda605, 0xa76e, 0x4f46, {0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08}};
    void *found = NULL;
    return FIRMWARE(BS->LocateProtocol(&guid, NULL, &found)) == EFI_SUCCESS ? found : NULL;
}

static void list_from_mp_services(struct boot_info *info, MP_SERVICES *mp)
{
    UINTN all = 0;
    UINTN enabled = 0;
    if (FIRMWARE(mp->get_number(mp, &all, &enabled)) != EFI_SUCCESS) {
        return;
    }
    for (UINTN i = 0; i < all && info->cpu_count < CPU_MAX; i++) {
        struct mp_processor_info cpu;
        if (FIRMWARE(mp->get_info(mp, i, &cpu)) != EFI_SUCCESS ||
            (cpu.status & MP_ENABLED_AND_HEALTHY) != MP_ENABLED_AND_HEALTHY) {
            continue;
        }
        info->cpus[info->cpu_count++].apic_id = (uint32_t)cpu.processor_id;
    }
    if (all > CPU_MAX) {
        loader_print("warning: the machine has %lu CPUs, Bulkhead uses %u", all, CPU_MAX);
    }
}

static void put_boot_cpu_first(struct boot_info *info)
{
    uint32_t own = own_apic_id();
    for (uint32_t i = 0; i < info->cpu_count; i++) {
        if (info->cpus[i].apic_id == own) {
            struct boot_cpu boot = info->cpus[i];
            for (; i > 0; i--) {
                info->cpus[i] = info->cpus[i - 1];
            }
            info->cpus[0] = boot;
            return;
        }
    }
    /* A list without the CPU that reads it is worthless. */
    info->cpus[0] = (struct boot_cpu){.apic_id = own};
    info->cpu_count = 1;
}

void loader_read_cpus(struct boot_info *info)
{
    MP_SERVICES *mp = find_mp_services();
    if (info->cpu_count == 0 && mp != NULL) {
        list_from_mp_services(info, mp);
    }
    put_boot_cpu_first(info);
    collecting = info;
    report_cpu(NULL);
    if (mp != NULL && info->cpu_count > 1) {
        /* A result that says "no other CPU" or "time-out" shows in reports[].present. */
        FIRMWARE(mp->startup_all(mp, report_cpu, FALSE, NULL, AP_TIMEOUT_US, NULL, NULL));
    }
    for (uint32_t i = 0; i < info->cpu_count; i++) {
        struct boot_cpu *cpu = &info->cpus[i];
        cpu->core = cpu->apic_id >> reports[0].smt_shift;
        cpu->package = reports[0].topology_known ? cpu->apic_id >> reports[0].package_shift : 0;
        cpu->core_type = reports[i].caps.core_type;
    }
}

struct complaint_context {
    const char *who;
    uint32_t apic_id;
};

static void complain(void *context, bool fatal, const char *text)
{
    const struct complaint_context *cpu = context;
    if (fatal) {
        loader_error("%s (APIC id %u): %s", cpu->who, cpu->apic_id, text);
    } else {
        loader_print("note: %s (APIC id %u): %s", cpu->who, cpu->apic_id, text);
    }
}

/* How many features of a kind the boot processor has; what is missing has been named before. */
static void report_features(const struct vmx_caps *caps, enum vmx_need need, const char *kind)
{
    unsigned all = 0;
    unsigned present = 0;
    for (size_t i = 0; i < vmx_feature_count; i++) {
        if (vmx_features[i].need == need) {
            all++;
            present += vmx_feature_present(caps, &vmx_features[i]);
        }
    }
    loader_print("VT-x: %u of %u %s features", present, all, kind);
}

/* The others are compared with the boot processor: what it lacks is said once. */
void loader_check_cpus(const struct boot_info *info)
{
    struct complaint_context boot = {"boot processor", info->cpus[0].apic_id};
    const struct vmx_caps *caps = &reports[0].caps;
    loader_print("CPU: %s, %u logical", caps->model_name[0] ? caps->model_name : caps->vendor_name,
                 info->cpu_count);
    if (vmx_features_check(caps, complain, &boot) == 0) {
        report_features(caps, VMX_REQUIRED, "required");
        report_features(caps, VMX_WANTED, "wanted");
    }
    for (uint32_t i = 1; i < info->cpu_count; i++) {
        struct complaint_context other = {"CPU", info->cpus[i].apic_id};
        if (!reports[i].present) {
            loader_print("note: CPU (APIC id %u) did not report its features to the firmware's MP "
                         "services; it is checked when it starts",
                         other.apic_id);
            continue;
        }
        if (vmx_features_compare(caps, &reports[i].caps, complain, &other) != 0) {
            loader_error("CPU (APIC id %u) differs from the boot processor: unlike CPUs are not "
                         "supported",
                         other.apic_id);
        }
    }
}
