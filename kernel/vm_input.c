/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's console from outside; see the header. */
#include "kernel/vm_input.h"

#include "kernel/string.h"
#include "kernel/vm.h"

size_t vm_console_input(struct vm *vm, const uint8_t *bytes, size_t count)
{
    spin_lock(&vm->device_lock);
    bool runs = vm_state(vm) == VM_RUNNING;
    size_t taken = runs ? vuart_receive(&vm->uart, bytes, count) : 0;
    spin_unlock(&vm->device_lock);
    return taken;
}

/* The first position whose byte cannot be overwritten while it is read, if nobody prints on. */
static uint64_t first_safe(const struct vm_console *console)
{
    uint64_t end = __atomic_load_n(&console->written, __ATOMIC_ACQUIRE);
    return end >= VM_CONSOLE_RING ? end - VM_CONSOLE_RING + 1 : 0;
}

size_t vm_console_read(const struct vm *vm, uint64_t *position, uint8_t *to, size_t size)
{
    const struct vm_console *console = &vm->console;
    uint64_t at = MAX(*position, first_safe(console));
    uint64_t end = __atomic_load_n(&console->written, __ATOMIC_ACQUIRE);
    if (at >= end) {
        *position = end;
        return 0;
    }
    size_t length = MIN(size, end - at);
    size_t unbroken = MIN(length, VM_CONSOLE_RING - at % VM_CONSOLE_RING);
    memcpy(to, console->ring + at % VM_CONSOLE_RING, unbroken);
    memcpy(to + unbroken, console->ring, length - unbroken);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    /* What was printed meanwhile may have replaced the first of them. */
    uint64_t safe = first_safe(console);
    size_t lost = safe > at ? MIN(safe - at, length) : 0;
    memmove(to, to + lost, length - lost);
    *position = at + length;
    return length - lost;
}
