/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface between Bulkhead and its guests: CPUID leaves and hypercalls. Included by the
 * hypervisor and by guests, also by guests written elsewhere: it needs <stdint.h> and nothing else.
 * Numbers and layouts here never change their meaning; structures grow at their end only.
 */
#ifndef BULKHEAD_ABI_H
#define BULKHEAD_ABI_H

#include <stdint.h>

/* Major in the high half: differs when old guests no longer work. Minor: something was added. */
#define BULKHEAD_ABI_MAJOR   1
#define BULKHEAD_ABI_MINOR   0
#define BULKHEAD_ABI_VERSION ((BULKHEAD_ABI_MAJOR << 16) | BULKHEAD_ABI_MINOR)

/*
 * CPUID. The leaves exist when CPUID.1:ECX[31] (hypervisor present) is set and leaf 0x40000000
 * carries the signature "BulkheadBulk" in EBX, ECX, EDX; its EAX is the highest leaf of the range.
 */
#define BULKHEAD_CPUID_SIGNATURE 0x40000000u
#define BULKHEAD_SIGNATURE_EBX   0x6b6c7542u /* "Bulk" */
#define BULKHEAD_SIGNATURE_ECX   0x64616568u /* "head" */
#define BULKHEAD_SIGNATURE_EDX   0x6b6c7542u /* "Bulk" */
/* EAX: BULKHEAD_ABI_VERSION. EBX: index of this vCPU in its VM. ECX: vCPUs of the VM. EDX: 0. */
#define BULKHEAD_CPUID_VERSION 0x40000001u
/* EAX: TSC frequency in kHz. EBX: frequency of the local APIC timer's input in kHz. */
#define BULKHEAD_CPUID_TIMING 0x40000010u
#define BULKHEAD_CPUID_LAST   BULKHEAD_CPUID_TIMING

/*
 * A second range with KVM's signature and no feature bit. Operating systems that trust x2APIC
 * without interrupt remapping only below a hypervisor they know accept it below this one.
 */
#define BULKHEAD_CPUID_KVM          0x40000100u /* EAX: BULKHEAD_CPUID_KVM_FEATURES */
#define BULKHEAD_CPUID_KVM_FEATURES 0x40000101u /* all 0 */
#define BULKHEAD_KVM_SIGNATURE_EBX  0x4b4d564bu /* "KVMK" */
#define BULKHEAD_KVM_SIGNATURE_ECX  0x564b4d56u /* "VMKV" */
#define BULKHEAD_KVM_SIGNATURE_EDX  0x0000004du /* "M\0\0\0" */

/*
 * Hypercalls: VMCALL with the number in RAX and arguments in RDI, RSI, RDX, R10, R8. RAX returns
 * the result, or one of the errors below as a negative number; no other register changes.
 * All 64 bits of RAX and of each argument count in every mode. CPL above 0 gets -BULKHEAD_EPERM.
 *
 * Addresses are guest-physical and need no alignment. [address, address + size) may cross pages
 * but must lie wholly in the VM's own RAM, else -BULKHEAD_EFAULT and nothing is read or written.
 */
enum bulkhead_hypercall {
    /* Returns BULKHEAD_ABI_VERSION. */
    BULKHEAD_CALL_VERSION = 0,
    /*
     * RDI: address, RSI: size. Writes the first `size` bytes of struct bulkhead_facts, at most
     * all of it. Returns the number of bytes written. -BULKHEAD_EINVAL when size is below 8.
     */
    BULKHEAD_CALL_FACTS = 1,
    /*
     * RDI: address, RSI: length. Writes to the VM's console as the virtual UART does. Returns how
     * many bytes were taken: `length`, but never more than BULKHEAD_CONSOLE_WRITE_MAX; only those
     * must lie in RAM. Call again with the rest. Length 0 returns 0, whatever the address.
     */
    BULKHEAD_CALL_CONSOLE_WRITE = 2,
    /* Ends the VM (all its vCPUs) as ACPI's S5 does. Does not return. */
    BULKHEAD_CALL_POWER_OFF = 3,
    /* Starts the VM anew from its pristine images, as its reset register does. Does not return. */
    BULKHEAD_CALL_RESTART = 4,
    /*
     * RDI: address, RSI: size. Writes the first `size` bytes of struct bulkhead_counters of the
     * calling vCPU, at most all of it; the exit of this call is counted in. Returns the number
     * of bytes written. -BULKHEAD_EINVAL when size is below 8.
     */
    BULKHEAD_CALL_COUNTERS = 5,
    /* From here on: for VMs with the `manage` right; others get -BULKHEAD_EPERM. */
    BULKHEAD_CALL_MANAGE = 0x100,
};

#define BULKHEAD_CONSOLE_WRITE_MAX 4096

/* Errors; returned negated. Values are Linux's. */
enum bulkhead_error {
    BULKHEAD_EPERM = 1,
    BULKHEAD_ENOENT = 2,
    BULKHEAD_EAGAIN = 11,
    BULKHEAD_EFAULT = 14,
    BULKHEAD_EBUSY = 16,
    BULKHEAD_EINVAL = 22,
    BULKHEAD_ENOSYS = 38, /* no such hypercall */
};

#define BULKHEAD_NAME_SIZE 16
#define BULKHEAD_VCPU_MAX  64

enum bulkhead_fact_flags {
    BULKHEAD_FACT_MANAGE = 1 << 0,   /* may use the management calls */
    BULKHEAD_FACT_REALTIME = 1 << 1, /* the hypervisor polls nothing on this VM's CPUs */
    BULKHEAD_FACT_LEGACY = 1 << 2,   /* has a PIC, a PIT, port 0x61, a PM timer */
    BULKHEAD_FACT_ACPI = 1 << 3,     /* was given ACPI tables */
};

/* What a VM may know about itself. */
struct bulkhead_facts {
    uint32_t size;                 /* of the whole structure as this hypervisor knows it */
    uint32_t abi_version;          /* BULKHEAD_ABI_VERSION */
    char name[BULKHEAD_NAME_SIZE]; /* with NUL */
    uint32_t vcpu_count;
    uint32_t vcpu_index;   /* of the caller, from 0 */
    uint64_t memory_bytes; /* RAM of the VM */
    uint64_t tsc_hz;
    uint64_t apic_timer_hz; /* input of the local APIC timer, before its divider */
    uint32_t flags;         /* enum bulkhead_fact_flags */
    uint32_t restarts;      /* how often the VM was started anew since the machine's boot */
    uint32_t apic_id[BULKHEAD_VCPU_MAX]; /* x2APIC ids by vCPU index; the rest 0 */
};

enum bulkhead_vendor {
    BULKHEAD_VENDOR_INTEL = 1, /* reason[]: SDM volume 3, "VMX Basic Exit Reasons" */
    BULKHEAD_VENDOR_AMD = 2,   /* not yet defined */
};

#define BULKHEAD_REASON_MAX 128

/* Counters of one vCPU since its VM's (re)start. */
struct bulkhead_counters {
    uint32_t size;   /* of the whole structure as this hypervisor knows it */
    uint32_t vendor; /* enum bulkhead_vendor: what the index of reason[] means */
    uint64_t exits;  /* all of them */
    uint64_t ticks;  /* TSC ticks between exits and entries, this call's own not included */
    uint64_t denied; /* accesses to ports, MSRs and addresses that the VM does not have */
    uint64_t reason[BULKHEAD_REASON_MAX]; /* exits by basic exit reason */
};

_Static_assert(sizeof(struct bulkhead_facts) == 320, "guests rely on this layout");
_Static_assert(sizeof(struct bulkhead_counters) == 1056, "guests rely on this layout");

#endif
