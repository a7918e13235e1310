/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing the current VMCS (SDM "VMX Instruction Reference"). A field that the
 * processor refuses is Bulkhead's bug: panic with the field and the processor's reason.
 */
#ifndef VMX_VMCS_H
#define VMX_VMCS_H

#include "kernel/types.h"
#include "vmx/vmcs_fields.h"

/* Panics; out of line, so that the fast paths stay short. */
void vmcs_access_failed(const char *what, uint32_t field) __attribute__((noreturn, cold));

static inline uint64_t vmcs_read(uint32_t field)
{
    uint64_t value;
    __asm__ goto volatile("vmread %1, %0\n\t"
                          "jbe %l[failed]"
                          : "=r"(value)
                          : "r"((uint64_t)field)
                          : "cc"
                          : failed);
    return value;
failed:
    vmcs_access_failed("VMREAD", field);
}

static inline void vmcs_write(uint32_t field, uint64_t value)
{
    __asm__ goto volatile("vmwrite %0, %1\n\t"
                          "jbe %l[failed]"
                          :
                          : "r"(value), "r"((uint64_t)field)
                          : "cc", "memory"
                          : failed);
    return;
failed:
    vmcs_access_failed("VMWRITE", field);
}

/*
 * The same without looking at the result, for the hot path: fields that every processor has, while
 * a VMCS is current, cannot fail.
 */
static inline uint64_t vmcs_read_hot(uint32_t field)
{
    uint64_t value;
    __asm__ volatile("vmread %1, %0" : "=r"(value) : "r"((uint64_t)field) : "cc");
    return value;
}

static inline void vmcs_write_hot(uint32_t field, uint64_t value)
{
    __asm__ volatile("vmwrite %0, %1" : : "r"(value), "r"((uint64_t)field) : "cc", "memory");
}

/* VMCLEAR and VMPTRLD of a VMCS region by its address; false when the processor refuses. */
static inline bool vmcs_clear(hpa_t region)
{
    bool failed;
    __asm__ volatile("vmclear %1" : "=@ccbe"(failed) : "m"(region.v) : "memory");
    return !failed;
}

static inline bool vmcs_load(hpa_t region)
{
    bool failed;
    __asm__ volatile("vmptrld %1" : "=@ccbe"(failed) : "m"(region.v) : "memory");
    return !failed;
}

#endif
