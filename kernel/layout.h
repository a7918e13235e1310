/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things are in the hypervisor's own address space (upper half, 4-level paging). Only what
 * is listed here is ever mapped: no guest RAM, no firmware memory. linker.ld repeats KERNEL_BASE.
 */
#ifndef KERNEL_LAYOUT_H
#define KERNEL_LAYOUT_H

#define KERNEL_BASE     0xffffffff80000000 /* the kernel's image, one page size, W^X */
#define POOL_BASE       0xffff900000000000 /* the pool: VA - POOL_BASE = hpa - boot_info.pool */
#define RECORD_BASE     0xffff980000000000 /* the log, where a warm reset leaves it: panic_record.h */
#define MMIO_BASE       0xffffa00000000000 /* device registers, uncached or write-combining */
#define STACK_BASE      0xffffb00000000000 /* stacks, each below an unmapped guard page */
#define WINDOW_BASE     0xffffc00000000000 /* a copy window for each CPU, see kernel/window.h */

#define CPU_STACK_SIZE  0x4000 /* the stack a CPU runs on, in bytes */
#define IST_STACK_SIZE  0x1000 /* stacks of NMI, #DF and #MC */
#define STACK_SLOT_SIZE 0x8000 /* distance of two stacks; what is not stack is guard */

#endif
