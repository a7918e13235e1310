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
#define BULKHEAD_ABI_MINOR   1 /* 1: the management calls */
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
    /*
     * From here on: for VMs with the `manage` right; others get -BULKHEAD_EPERM, whatever the
     * number. See "Management" below, which has the structures.
     */
    BULKHEAD_CALL_MANAGE = 0x100,

    /* RDI: address, RSI: size. Writes struct bulkhead_machine, as BULKHEAD_CALL_FACTS does. */
    BULKHEAD_CALL_MACHINE = 0x100,
    /* RDI: VM, RSI: address, RDX: size. Writes struct bulkhead_vm. */
    BULKHEAD_CALL_VM = 0x101,
    /* RDI: VM, RSI: vCPU, RDX: address, R10: size. Writes struct bulkhead_vcpu. */
    BULKHEAD_CALL_VCPU = 0x102,
    /*
     * RDI: VM, RSI: enum bulkhead_action, RDX: its argument. Asks for the action and returns 0; it
     * happens soon (watch for BULKHEAD_EVENT_STATE). -BULKHEAD_EBUSY: not in the VM's present
     * state. The caller may stop and restart itself and does not return from that;
     * -BULKHEAD_EINVAL when it wants to pause itself, since it could not resume.
     */
    BULKHEAD_CALL_CONTROL = 0x103,
    /*
     * RDI: enum bulkhead_stream, RSI: VM (0 for streams of the machine), RDX: position, R10:
     * address, R8: size. Reads a stream from a position: writes struct bulkhead_chunk and up to
     * size - 32 bytes of data behind it, at most BULKHEAD_TRANSFER_MAX. Returns the number of data
     * bytes; 0: nothing (more) there. All of [address, address + size) that could be written
     * must lie in RAM. -BULKHEAD_EINVAL when size is below 32.
     */
    BULKHEAD_CALL_READ = 0x104,
    /*
     * RDI: VM, RSI: address, RDX: length. Types bytes into the VM's virtual UART. Returns how many
     * it had room for, at most BULKHEAD_TRANSFER_MAX; BULKHEAD_EVENT_ROOM comes when it takes
     * more. A VM that does not run takes none.
     */
    BULKHEAD_CALL_INPUT = 0x105,
    /*
     * RDI: enum bulkhead_stream, RSI: VM (0 for streams of the machine), RDX: address, R10: size of
     * the data. Registers a ring in the caller's memory: struct bulkhead_ring, then `size` bytes, a
     * power of two from BULKHEAD_RING_MIN to BULKHEAD_RING_MAX; the address is a multiple of 64.
     * Size 0 takes the ring back. Only streams marked "ring" below. A ring ends with the caller's
     * restart or end. Nothing is read or written but inside of the caller's own
     * BULKHEAD_CALL_EVENTS. The hypervisor zeroes the header now. -BULKHEAD_EFAULT: not in the
     * caller's RAM.
     */
    BULKHEAD_CALL_RING = 0x106,
    /*
     * RDI: vector (32 to 255; 0: no doorbell any more), RSI: index of a vCPU of the caller, RDX:
     * mask of 1 << enum bulkhead_event, R10: mask of VMs (bit: index) for the events that concern
     * one. Registers the doorbell: see BULKHEAD_CALL_EVENTS. It begins unarmed, with every chosen
     * event of every chosen VM pending, so that the first look finds what happened before. A second
     * call replaces the first. A doorbell ends with the caller's restart or end.
     */
    BULKHEAD_CALL_NOTIFY = 0x107,
    /*
     * RDI: address, RSI: size. First moves bytes through all registered rings, at most
     * BULKHEAD_TRANSFER_MAX together. Then writes struct bulkhead_events: what has happened since
     * the last such call. Returns how many bits are set in it. 0: nothing has happened, and the
     * doorbell is armed now: the vector is sent once to the vCPU when something does. So a guest
     * calls with interrupts off until it gets 0 and then executes STI, HLT; it needs no polling.
     * -BULKHEAD_EFAULT: nothing is lost and nothing was moved.
     */
    BULKHEAD_CALL_EVENTS = 0x108,
    /*
     * RDI: enum bulkhead_log_level, or -1: only asks. Returns the level before. Lines above the
     * level are kept in the log but not printed by the machine.
     */
    BULKHEAD_CALL_LOG_LEVEL = 0x109,
    /*
     * RDI: enum bulkhead_machine_end, RSI: BULKHEAD_MACHINE_END_SURE, else -BULKHEAD_EINVAL. Ends
     * the machine at once, whatever its VMs are doing. Does not return.
     */
    BULKHEAD_CALL_MACHINE_END = 0x10a,
    /*
     * RDI: VM, RSI: address, RDX: length (1 to BULKHEAD_FAULT_TEXT_MAX). Sets what faults are
     * injected into the VM on purpose, in the words of docs/faults.md; -BULKHEAD_EPERM when
     * the VM's configuration does not allow it, -BULKHEAD_EINVAL when the text is not understood,
     * -BULKHEAD_ENOENT when a "poison" is no RAM of the VM (also without such a VM).
     */
    BULKHEAD_CALL_FAULTS = 0x10b,
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
    uint64_t ticks;  /* TSC ticks between exits and entries; of an exit going on: so far */
    uint64_t denied; /* accesses to ports, MSRs and addresses that the VM does not have */
    uint64_t reason[BULKHEAD_REASON_MAX]; /* exits by basic exit reason */
};

/*
 * ---- Management ----
 *
 * VMs, vCPUs and the machine's CPUs are named by index; -BULKHEAD_ENOENT when there is none.
 * Calls that write a structure write its first `size` bytes, at most all of it, and return how
 * many; -BULKHEAD_EINVAL when size is below 8. What belongs to other CPUs is read while these go
 * on: each number is whole, but numbers beside each other may be a moment apart.
 */

#define BULKHEAD_TRANSFER_MAX 4096 /* bytes that one call moves at most */
#define BULKHEAD_NONE         0xffffffffu

enum bulkhead_vm_state {
    BULKHEAD_VM_STOPPED = 0, /* never started, or ended */
    BULKHEAD_VM_RUNNING = 1,
    BULKHEAD_VM_ENDING = 2,  /* its vCPUs are leaving */
    BULKHEAD_VM_CRASHED = 3, /* ended by a fault, and not started again */
    BULKHEAD_VM_PAUSED = 4,
    BULKHEAD_VM_PAUSING = 5, /* its vCPUs are coming to a stand */
    BULKHEAD_VM_WAITING = 6, /* has ended, and starts again after a delay */
};

enum bulkhead_vcpu_state {
    BULKHEAD_VCPU_OFF = 0,       /* its VM does not run */
    BULKHEAD_VCPU_WAIT_SIPI = 1, /* not started by its guest yet */
    BULKHEAD_VCPU_RUNNING = 2,   /* runs or waits by HLT: this makes no difference to Bulkhead */
    BULKHEAD_VCPU_PAUSED = 3,
};

/* Flags of a VM in struct bulkhead_vm, besides enum bulkhead_fact_flags. */
enum bulkhead_vm_flags {
    BULKHEAD_VM_AUTOSTART = 1 << 8,       /* starts with the machine */
    BULKHEAD_VM_FAULTS = 1 << 9,          /* faults may be injected on purpose */
    BULKHEAD_VM_UNSAFE_DMA = 1 << 10,     /* has devices whose DMA nothing confines */
    BULKHEAD_VM_CRASH_RESTARTS = 1 << 11, /* starts again after crashes, restart_max times */
    BULKHEAD_VM_HALT_RESTARTS = 1 << 12,  /* starts again after a power-off */
    BULKHEAD_VM_SELF = 1 << 13,           /* is the caller */
};

enum bulkhead_cpu_state {
    BULKHEAD_CPU_ABSENT = 0, /* did not answer */
    BULKHEAD_CPU_ONLINE = 1,
    BULKHEAD_CPU_FAILED = 2, /* answered, but cannot be used */
};

/* A CPU of the machine. */
struct bulkhead_cpu {
    uint32_t apic_id;
    uint8_t state; /* enum bulkhead_cpu_state */
    uint8_t vm;    /* whose it is; 0xff: no VM's */
    uint8_t vcpu;  /* index in that VM */
    uint8_t polls; /* 1: looks after the physical console */
};

#define BULKHEAD_VERSION_SIZE 48

struct bulkhead_machine {
    uint32_t size;                       /* of the whole structure as this hypervisor knows it */
    uint32_t vm_count;                   /* VMs are numbered from 0 */
    uint32_t cpu_count;                  /* used entries of cpu[] */
    uint32_t self;                       /* index of the caller's VM */
    char version[BULKHEAD_VERSION_SIZE]; /* of the hypervisor, with NUL */
    uint64_t tsc_hz;
    uint64_t uptime_us;       /* since the loader's entry */
    uint64_t wall_seconds;    /* since 1970-01-01 00:00:00 UTC, now */
    uint64_t memory_free;     /* RAM that the firmware left, bytes; VMs' RAM is a part of it */
    uint64_t memory_bulkhead; /* the hypervisor's own, with images; bytes */
    uint64_t memory_reserved; /* kept by the firmware, bytes */
    uint64_t memory_vms;      /* RAM of all VMs, bytes */
    uint64_t pool_size;       /* the hypervisor's memory for tables; fixed since the boot */
    uint64_t pool_used;       /* bytes */
    uint64_t log_position;    /* end of BULKHEAD_STREAM_LOG */
    uint32_t log_level;       /* enum bulkhead_log_level */
    uint32_t poller;          /* CPU that looks after the physical console; BULKHEAD_NONE: none */
    struct bulkhead_cpu cpu[BULKHEAD_VCPU_MAX];
};

#define BULKHEAD_END_TEXT_SIZE 96

struct bulkhead_vm {
    uint32_t size; /* of the whole structure as this hypervisor knows it */
    uint32_t index;
    char name[BULKHEAD_NAME_SIZE];
    uint32_t state; /* enum bulkhead_vm_state */
    uint32_t flags; /* enum bulkhead_fact_flags and enum bulkhead_vm_flags */
    uint32_t vcpu_count;
    uint32_t restarts;    /* since the machine's boot, for whatever reason */
    uint32_t crashes;     /* since the machine's boot */
    uint32_t restart_max; /* restarts after crashes before it stays stopped */
    uint64_t memory_bytes;
    uint64_t started_us;       /* its last start, on the scale of uptime_us; 0: never */
    uint64_t console_position; /* end of BULKHEAD_STREAM_CONSOLE */
    uint64_t exits;            /* the next three: sums over its vCPUs since the last start */
    uint64_t ticks;
    uint64_t denied;
    char end_text[BULKHEAD_END_TEXT_SIZE]; /* why it ended last, with NUL; "": it never has */
};

struct bulkhead_vcpu {
    uint32_t size;    /* of the whole structure as this hypervisor knows it */
    uint32_t state;   /* enum bulkhead_vcpu_state */
    uint32_t cpu;     /* of the machine, index in struct bulkhead_machine.cpu */
    uint32_t apic_id; /* physical and virtual x2APIC id */
    struct bulkhead_counters counters;
};

/* What BULKHEAD_CALL_CONTROL does. */
enum bulkhead_action {
    BULKHEAD_ACTION_START = 0,   /* a stopped or crashed VM starts */
    BULKHEAD_ACTION_STOP = 1,    /* ends at once; on-halt and on-crash do not count */
    BULKHEAD_ACTION_RESTART = 2, /* starts anew from its pristine images */
    BULKHEAD_ACTION_PAUSE = 3,   /* all its vCPUs stand still */
    BULKHEAD_ACTION_RESUME = 4,
    BULKHEAD_ACTION_NMI = 5, /* argument: vCPU that gets one */
};

/* What can be read from a position. "ring": also through BULKHEAD_CALL_RING. */
enum bulkhead_stream {
    BULKHEAD_STREAM_CONSOLE = 0, /* ring. What a VM prints, as it does; the newest 8 KiB */
    BULKHEAD_STREAM_INPUT = 1,   /* ring only, the other way: what is typed into a VM */
    BULKHEAD_STREAM_LOG = 2,     /* ring. The machine's log, text; the newest 32 KiB */
    BULKHEAD_STREAM_CRASH = 3,   /* a VM's last crash record, text from position 0 on */
    BULKHEAD_STREAM_PLAN = 4,    /* what the configuration gave a VM, text from position 0 on */
};

/* Ahead of the data of BULKHEAD_CALL_READ. */
struct bulkhead_chunk {
    uint32_t size;   /* of this structure: 32; the data begins behind it */
    uint32_t length; /* of the data */
    uint64_t next;   /* position behind the data, for the next call */
    uint64_t missed; /* bytes from the asked position on that had been overwritten */
    uint64_t end;    /* of the stream now; of texts: what is known of it */
};

/*
 * A ring in the caller's memory; its data follows. Positions count bytes for ever: byte n lies at
 * data[n % size]. The reader reads [tail, head), the writer writes [head, tail + size). Who is not
 * the hypervisor writes its own position alone; if the two make no sense (head - tail > size), the
 * ring rests until they do.
 */
struct bulkhead_ring {
    uint64_t head; /* what the writer has written: CONSOLE, LOG the hypervisor; INPUT the caller */
    uint64_t tail; /* what the reader has read: CONSOLE, LOG the caller; INPUT the hypervisor */
    uint64_t missed; /* bytes of the stream that were overwritten before the ring had room */
    uint64_t reserved[5];
};

#define BULKHEAD_RING_MIN 1024
#define BULKHEAD_RING_MAX 65536

enum bulkhead_event {
    BULKHEAD_EVENT_CONSOLE = 0, /* a VM printed. With a ring: also that the ring has got bytes */
    BULKHEAD_EVENT_ROOM = 1,    /* a VM's UART takes input again */
    BULKHEAD_EVENT_STATE = 2,   /* a VM's state changed */
    BULKHEAD_EVENT_LOG = 3,     /* the log grew; of no VM: bit 0 */
    BULKHEAD_EVENT_COUNT = 4,
};

struct bulkhead_events {
    uint32_t size;  /* of the whole structure as this hypervisor knows it */
    uint32_t moved; /* bytes that went through rings in this call */
    uint64_t happened[BULKHEAD_EVENT_COUNT]; /* by enum bulkhead_event: mask of VMs */
};

enum bulkhead_log_level {
    BULKHEAD_LOG_ERROR = 0,
    BULKHEAD_LOG_WARNING = 1,
    BULKHEAD_LOG_NOTICE = 2,
    BULKHEAD_LOG_INFO = 3,
    BULKHEAD_LOG_DEBUG = 4,
};

enum bulkhead_machine_end {
    BULKHEAD_MACHINE_POWER_OFF = 0,
    BULKHEAD_MACHINE_RESET = 1,
};

#define BULKHEAD_MACHINE_END_SURE UINT64_C(0x21646e652d6c6c61) /* "all-end!" */
#define BULKHEAD_FAULT_TEXT_MAX   256

_Static_assert(sizeof(struct bulkhead_facts) == 320, "guests rely on this layout");
_Static_assert(sizeof(struct bulkhead_counters) == 1056, "guests rely on this layout");
_Static_assert(sizeof(struct bulkhead_machine) == 664, "guests rely on this layout");
_Static_assert(sizeof(struct bulkhead_vm) == 192, "guests rely on this layout");
_Static_assert(sizeof(struct bulkhead_vcpu) == 1072, "guests rely on this layout");
_Static_assert(sizeof(struct bulkhead_chunk) == 32, "guests rely on this layout");
_Static_assert(sizeof(struct bulkhead_ring) == 64, "guests rely on this layout");
_Static_assert(sizeof(struct bulkhead_events) == 40, "guests rely on this layout");

#endif
