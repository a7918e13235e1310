/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's console from outside: what it has printed, and typing into it. Any CPU in root mode. */
#ifndef KERNEL_VM_INPUT_H
#define KERNEL_VM_INPUT_H

#include "kernel/types.h"

struct vm;

/*
 * Types bytes into the VM's virtual UART and returns how many it took; none while the VM does not
 * run. Takes the VM's device lock.
 */
size_t vm_console_input(struct vm *vm, const uint8_t *bytes, size_t count);

/*
 * Reads what the VM has printed from stream position *position on, which moves behind what was
 * read, and before that forward over what has been overwritten. Takes no lock: who prints is not
 * held up.
 */
size_t vm_console_read(const struct vm *vm, uint64_t *position, uint8_t *to, size_t size);

#endif
