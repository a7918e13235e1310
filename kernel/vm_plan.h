/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: what the loader decided about every VM. Written by the loader's configuration code
 * (boot/config, boot/image), read by the kernel. It is complete: the kernel parses no configuration
 * and no image; to start a VM it zeroes the VM's RAM, copies `loads` and enters at `start`.
 * Everything here has been checked by the loader; counts never exceed the bounds below.
 */
#ifndef KERNEL_VM_PLAN_H
#define KERNEL_VM_PLAN_H

#include "kernel/types.h"

#define CPU_MAX           64  /* CPUs of a machine, and of one VM */
#define VM_MAX            16  /* VMs of a configuration */
#define VM_NAME_SIZE      16  /* bytes with the terminating NUL; [a-z0-9-], begins with a letter */
#define VM_MEMORY_MAX     8   /* pieces of RAM of one VM */
#define VM_LOAD_MAX       32  /* copies that fill a VM's RAM at its start */
#define VM_PORT_MAX       16  /* port ranges opened */
#define VM_MSR_MAX        16  /* MSR ranges opened */
#define VM_PCI_MAX        8   /* PCI functions handed over */
#define VM_PCI_BARS       6   /* base address registers of one function */
#define VM_FAULT_TEXT     128 /* bytes with the terminating NUL */
#define VM_CPUID_HIDE_MAX 16  /* CPUID bits hidden beyond the policy */

/* A piece of guest RAM. All three are multiples of 4 KiB; pieces of one VM do not overlap. */
struct vm_memory {
    gpa_t gpa;
    hpa_t hpa;
    uint64_t size;
};

/* size bytes from hpa (kept as long as Bulkhead runs) go to gpa; lies inside the VM's RAM. */
struct vm_load {
    gpa_t gpa;
    hpa_t hpa;
    uint64_t size;
};

/* The state in which the VM's first vCPU starts; also how its registers are set. */
enum vm_start_mode {
    VM_START_RESET,  /* architectural reset state: real mode at F000:FFF0 */
    VM_START_PROT32, /* 32-bit protected mode, flat 4 GiB segments, paging off (Multiboot, PVH) */
    VM_START_LONG64, /* 64-bit mode, CR3 from `cr3`, flat segments (Linux 64-bit boot protocol) */
};

struct vm_start {
    enum vm_start_mode mode;
    uint64_t rip; /* not used by VM_START_RESET */
    uint64_t rsp;
    uint64_t rax;
    uint64_t rbx;
    uint64_t rsi;
    uint64_t cr3;      /* gpa of a page table; VM_START_LONG64 only */
    uint64_t gdt_base; /* gpa and limit of a GDT in guest RAM; limit 0: none */
    uint32_t gdt_limit;
    uint16_t cs; /* selectors that go with it */
    uint16_t ds;
};

struct vm_port_range {
    uint16_t first;
    uint16_t last; /* inclusive */
};

struct vm_msr_range {
    uint32_t first;
    uint32_t last; /* inclusive */
    bool write;    /* false: reading only */
};

/* One bit or field that CPUID shows as 0. reg: 0 EAX, 1 EBX, 2 ECX, 3 EDX. */
struct vm_cpuid_hide {
    uint32_t leaf;
    uint32_t subleaf;
    uint32_t mask;
    uint8_t reg;
};

/* What a base address register decodes. A 64-bit one stands in its first half's place. */
struct vm_pci_bar {
    uint64_t address; /* hpa or port; 0: the firmware gave it none */
    uint64_t size;    /* bytes, a power of two; 0: there is no such BAR */
    bool io;
};

#define VM_PCI_NO_PIN 0xFF

/*
 * A function handed over: where it is, and, as config_place() decides, where the guest finds it.
 * Memory BARs are mapped at gpa = hpa, whole pages; I/O BARs are opened.
 */
struct vm_pci_function {
    uint16_t segment;
    uint8_t bus;
    uint8_t device;       /* 0-31 */
    uint8_t function;     /* 0-7 */
    uint8_t guest_device; /* 1-31: the guest's 00:guest_device.0 */
    uint8_t intx;         /* 1-4: INTA# to INTD#; 0: none */
    uint8_t pin;          /* of the machine's IOAPIC, where INTx arrives, or VM_PCI_NO_PIN */
    uint8_t gsi;          /* of the guest, for that; VM_PCI_NO_PIN with `pin` */
    struct vm_pci_bar bars[VM_PCI_BARS];
};

enum vm_on_crash { VM_ON_CRASH_STOP, VM_ON_CRASH_RESTART };
enum vm_on_halt { VM_ON_HALT_STOP, VM_ON_HALT_RESTART };

enum vm_flags {
    VM_FLAG_AUTOSTART = 1 << 0,   /* started at boot */
    VM_FLAG_REALTIME = 1 << 1,    /* no console polling on its CPUs, no shared cores */
    VM_FLAG_MANAGE = 1 << 2,      /* may use the management hypercalls */
    VM_FLAG_LEGACY = 1 << 3,      /* has a PIC, PIT, port 0x61, PM timer */
    VM_FLAG_UNSAFE_DMA = 1 << 4,  /* mapped 1:1, its devices may do DMA without an IOMMU */
    VM_FLAG_FAULTS = 1 << 5,      /* faults may be injected on purpose */
    VM_FLAG_ACPI = 1 << 6,        /* was given ACPI tables */
    VM_FLAG_SMALL_PAGES = 1 << 7, /* second-level pages of 4 KiB only */
};

struct vm_plan {
    char name[VM_NAME_SIZE];
    uint32_t flags; /* enum vm_flags */

    uint32_t cpu_count;
    uint32_t cpus[CPU_MAX]; /* indices into boot_info.cpus; [0] is the VM's boot processor */

    uint32_t memory_count;
    struct vm_memory memory[VM_MEMORY_MAX];

    uint32_t load_count;
    struct vm_load loads[VM_LOAD_MAX];
    struct vm_start start;

    enum vm_on_crash on_crash;
    uint32_t restart_max; /* restarts after crashes before the VM stays stopped */
    enum vm_on_halt on_halt;

    uint32_t port_count;
    struct vm_port_range ports[VM_PORT_MAX];
    uint32_t msr_count;
    struct vm_msr_range msrs[VM_MSR_MAX];
    uint32_t pci_count;
    struct vm_pci_function pci[VM_PCI_MAX];
    char fault_plan[VM_FAULT_TEXT]; /* words of kernel/fault_plan.h */
    uint32_t cpuid_hide_count;
    struct vm_cpuid_hide cpuid_hide[VM_CPUID_HIDE_MAX];
};

/* The piece of the VM's RAM that an address lies in; NULL: it is no RAM. */
static inline const struct vm_memory *vm_plan_piece(const struct vm_plan *plan, uint64_t gpa)
{
    for (uint32_t i = 0; i < plan->memory_count; i++) {
        const struct vm_memory *piece = &plan->memory[i];
        if (gpa >= piece->gpa.v && gpa - piece->gpa.v < piece->size) {
            return piece;
        }
    }
    return NULL;
}

enum console_sink { CONSOLE_SERIAL = 1, CONSOLE_FRAMEBUFFER = 2, CONSOLE_BOTH = 3 };
/* What the serial line shows from the start; other numbers are a VM's index. */
enum console_view { CONSOLE_VIEW_ALL = -1, CONSOLE_VIEW_MONITOR = -2 };
enum machine_on_last_vm { ON_LAST_VM_POWEROFF, ON_LAST_VM_RESET, ON_LAST_VM_HALT };
enum machine_on_panic { ON_PANIC_HALT, ON_PANIC_RESET };
enum log_level { LOG_ERROR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG };

struct machine_plan {
    enum console_sink console;
    int32_t console_view; /* enum console_view, or a VM's index */
    enum log_level log_level;
    enum machine_on_last_vm on_last_vm; /* when the last VM has ended, or when there is none */
    enum machine_on_panic on_panic;
    uint32_t vm_count;
    struct vm_plan vms[VM_MAX];
};

#endif
