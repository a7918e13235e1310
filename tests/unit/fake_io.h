/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of kernel/io.h for unit tests: each access goes to the test's own handler. Without
 * a handler a port reads all ones and drops writes, and device memory is the test's memory.
 */
#ifndef TESTS_UNIT_FAKE_IO_H
#define TESTS_UNIT_FAKE_IO_H

#include <setjmp.h>
#include <stdint.h>

struct fake_io {
    uint32_t (*port_read)(uint16_t port, unsigned size);
    void (*port_write)(uint16_t port, unsigned size, uint32_t value);
    uint64_t (*mmio_read)(uintptr_t address, unsigned size);
    void (*mmio_write)(uintptr_t address, unsigned size, uint64_t value);
    jmp_buf *triple_fault; /* where io_triple_fault() jumps to, with 1 */
};

/* A test's set-up fills it, beginning with all zero. */
extern struct fake_io fake_io;

#endif
