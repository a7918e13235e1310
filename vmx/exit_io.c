/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Port I/O: IN, OUT and their string forms (SDM "Exit Qualification for I/O Instructions"). What a
 * port means is decided in kernel/vm_io.c; this file moves the data.
 */
#include "kernel/cpu_regs.h"
#include "vmx/event.h"
#include "vmx/exit.h"
#include "vmx/guest.h"
#include "vmx/vmcs.h"

#define ELEMENTS_AN_EXIT 512 /* of a REP; then the guest is entered, so that kicks get through */

struct string_io {
    struct guest_paging paging;
    uint16_t port;
    unsigned size;
    bool in;
    uint64_t address_mask; /* of the address size */
    uint64_t segment_base; /* linear address minus index register */
    unsigned index_register;
    int64_t step;
    uint32_t access;
};

static uint64_t merge(uint64_t old, uint64_t value, uint64_t mask)
{
    /* A 32-bit destination clears the upper half, a 16-bit one keeps the rest. */
    return mask == 0xffff ? (old & ~mask) | (value & mask) : value & mask;
}

static bool move_element(struct vcpu *vcpu, const struct string_io *io)
{
    uint64_t index = vcpu->regs[io->index_register] & io->address_mask;
    uint64_t linear = io->segment_base + index;
    uint32_t value = 0;
    if (io->in) {
        /* The destination is checked before the device is read: a fault must lose nothing. */
        if (!guest_check(vcpu, &io->paging, GVA(linear), io->size, io->access)) {
            return false;
        }
        value = vm_port_read(vcpu, io->port, io->size);
    }
    if (!guest_copy(vcpu, &io->paging, GVA(linear), &value, io->size, io->access)) {
        return false;
    }
    if (!io->in) {
        vm_port_write(vcpu, io->port, io->size, value);
    }
    vcpu->regs[io->index_register] =
        merge(vcpu->regs[io->index_register], index + (uint64_t)io->step, io->address_mask);
    return true;
}

static void begin_string(struct vcpu *vcpu, uint64_t qualification, struct string_io *io)
{
    static const uint64_t masks[] = {0xffff, 0xffffffff, ~UINT64_C(0), ~UINT64_C(0)};
    uint64_t info = vmcs_read(VMCS_VM_EXIT_INSTRUCTION_INFO);
    guest_read_paging(vcpu, &io->paging);
    io->port = (uint16_t)FIELD_GET((uint64_t)IO_ACCESS_PORT, qualification);
    io->size = (unsigned)(qualification & IO_ACCESS_SIZE) + 1;
    io->in = (qualification & IO_ACCESS_IN) != 0;
    io->address_mask = masks[FIELD_GET((uint64_t)IO_INFO_ADDRESS_SIZE, info) & 3];
    io->index_register = io->in ? VCPU_RDI : VCPU_RSI;
    io->segment_base =
        vmcs_read(VMCS_GUEST_LINEAR_ADDRESS) - (vcpu->regs[io->index_register] & io->address_mask);
    io->step = (vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_DF) ? -(int64_t)io->size : (int64_t)io->size;
    io->access = (io->in ? GUEST_ACCESS_WRITE : GUEST_ACCESS_READ) | GUEST_ACCESS_SET_AD |
                 (guest_cpl() == 3 ? GUEST_ACCESS_USER : 0);
}

static __attribute__((noinline)) enum exit_action string_instruction(struct vcpu *vcpu,
                                                                     uint64_t qualification)
{
    struct string_io io;
    begin_string(vcpu, qualification, &io);
    if (!(qualification & IO_ACCESS_REP)) {
        return move_element(vcpu, &io) ? EXIT_SKIP : EXIT_INJECT;
    }
    for (unsigned done = 0; done < ELEMENTS_AN_EXIT; done++) {
        uint64_t left = vcpu->regs[VCPU_RCX] & io.address_mask;
        if (left == 0) {
            return EXIT_SKIP;
        }
        if (!move_element(vcpu, &io)) {
            return EXIT_INJECT;
        }
        vcpu->regs[VCPU_RCX] = merge(vcpu->regs[VCPU_RCX], left - 1, io.address_mask);
    }
    return (vcpu->regs[VCPU_RCX] & io.address_mask) == 0 ? EXIT_SKIP : EXIT_RESUME;
}

enum exit_action exit_io_instruction(struct vcpu *vcpu)
{
    uint64_t qualification = vmcs_read(VMCS_EXIT_QUALIFICATION);
    if (__builtin_expect((qualification & IO_ACCESS_STRING) != 0, 0)) {
        return string_instruction(vcpu, qualification);
    }
    uint16_t port = (uint16_t)(qualification >> 16);
    unsigned size = (unsigned)(qualification & IO_ACCESS_SIZE) + 1;
    uint64_t rax = vcpu->regs[VCPU_RAX];
    if (!(qualification & IO_ACCESS_IN)) {
        vm_port_write(vcpu, port, size, (uint32_t)rax);
    } else if (size == 4) {
        vcpu->regs[VCPU_RAX] = vm_port_read(vcpu, port, 4);
    } else {
        uint64_t mask = BIT(size * 8) - 1;
        vcpu->regs[VCPU_RAX] = (rax & ~mask) | (vm_port_read(vcpu, port, size) & mask);
    }
    return EXIT_SKIP;
}
