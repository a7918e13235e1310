/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest sees of a PCI function that was handed over: the filter between the virtual bus and
 * the real configuration space. Called by vpci.c. Nothing a guest writes reaches the device except
 * the bits of COMMAND_WRITABLE; PCI Local Bus Specification 3.0, "Configuration Space Header".
 */
#include "drivers/vpci_function.h"

#include "drivers/pci.h"

#define COMMAND_WRITABLE                                                                           \
    (PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE)

/* MSI registers behind the capability's first dword. */
#define MSI_ADDRESS      4
#define MSI_ADDRESS_HIGH 8 /* with a 64-bit address; data follows either */

enum rule { PASS, ZERO, COMMAND, HEADER, BAR, CAPABILITIES, LINE, DEVICE };

/* By dword, first to last offset. */
static const struct {
    uint8_t first;
    uint8_t last;
    uint8_t rule;
} rules[] = {
    {0x00, 0x00, PASS},         /* vendor and device id */
    {0x04, 0x04, COMMAND},      /* command and status */
    {0x08, 0x08, PASS},         /* revision and class */
    {0x0C, 0x0C, HEADER},       /* cache line, latency, header type, BIST */
    {0x10, 0x24, BAR},          /* base addresses */
    {0x28, 0x2C, PASS},         /* CIS pointer, subsystem ids */
    {0x30, 0x30, ZERO},         /* expansion ROM: hidden */
    {0x34, 0x34, CAPABILITIES}, /* first capability shown */
    {0x38, 0x38, ZERO},         /* reserved */
    {0x3C, 0x3C, LINE},         /* interrupt line and pin, timing needs */
    {0x40, 0xFC, DEVICE},       /* capabilities and device-specific registers */
};

static enum rule rule_of(unsigned reg)
{
    for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
        if (reg >= rules[i].first && reg <= rules[i].last)
            return (enum rule)rules[i].rule;
    }
    return ZERO;
}

static uint32_t backend_read(const struct vpci_function *function, unsigned reg)
{
    return function->backend.read(function->backend.context, reg, 4);
}

/* ---- what is shown ---- */

static uint32_t read_bar(const struct vpci_function *function, unsigned index)
{
    const struct vpci_bar *bar = &function->bars[index];

    if (!(function->sizing & BIT(index)))
        return bar->value;
    return bar->mask | (bar->value & ~bar->mask); /* type bits stay */
}

static uint32_t read_command(const struct vpci_function *function)
{
    uint32_t value = backend_read(function, PCI_COMMAND);

    return function->capabilities ? value : value & ~(uint32_t)PCI_STATUS_CAPABILITIES;
}

static uint32_t read_header(const struct vpci_function *function, bool multifunction)
{
    uint32_t bit = (uint32_t)PCI_HEADER_MULTIFUNCTION << 16;
    uint32_t value = backend_read(function, PCI_HEADER_TYPE & ~3U);

    return multifunction ? value | bit : value & ~bit;
}

/* Offset into the MSI capability, or 0xFF when the register is not one of its own. */
static unsigned msi_register(const struct vpci_function *function, unsigned reg)
{
    unsigned last = function->msi_64bit ? MSI_ADDRESS_HIGH + 4 : MSI_ADDRESS + 4;

    if (!function->msi_offset || reg < function->msi_offset || reg > function->msi_offset + last)
        return 0xFF;
    return reg - function->msi_offset;
}

static uint32_t read_msi(const struct vpci_function *function, unsigned offset)
{
    const struct vpci_msi *msi = &function->msi;

    switch (offset) {
    case 0: /* one message, no masking by vector */
        return PCI_CAP_ID_MSI | (uint32_t)function->next[function->msi_offset / 4] << 8 |
               (msi->enabled ? (uint32_t)PCI_MSI_ENABLE : 0) |
               (function->msi_64bit ? (uint32_t)PCI_MSI_64BIT : 0);
    case MSI_ADDRESS:
        return (uint32_t)msi->address;
    case MSI_ADDRESS_HIGH:
        if (function->msi_64bit)
            return (uint32_t)(msi->address >> 32);
        return msi->data;
    default:
        return msi->data;
    }
}

static uint32_t read_device(const struct vpci_function *function, unsigned reg)
{
    unsigned offset = msi_register(function, reg);
    uint8_t next = function->next[reg / 4];
    uint32_t value;

    if (offset != 0xFF)
        return read_msi(function, offset);
    value = backend_read(function, reg);
    if (next == 0xFF) /* not the first dword of a capability shown */
        return value;
    return (value & ~0xFF00U) | (uint32_t)next << 8;
}

uint32_t vpci_function_read(struct vpci_function *function, unsigned reg, bool multifunction)
{
    switch (rule_of(reg)) {
    case PASS:
        return backend_read(function, reg);
    case COMMAND:
        return read_command(function);
    case HEADER:
        return read_header(function, multifunction);
    case BAR:
        return read_bar(function, (reg - PCI_BAR0) / 4);
    case CAPABILITIES:
        return function->capabilities;
    case LINE:
        return (backend_read(function, reg) & ~0xFFU) | function->interrupt_line;
    case DEVICE:
        return read_device(function, reg);
    default:
        return 0;
    }
}

/* ---- what is taken ---- */

static void write_command(struct vpci_function *function, uint32_t value, uint32_t bytes)
{
    uint32_t mask = COMMAND_WRITABLE & bytes;
    const struct vpci_backend *backend = &function->backend;
    uint32_t command;

    if (!mask)
        return;
    command = backend->read(backend->context, PCI_COMMAND, 2);
    backend->write(backend->context, PCI_COMMAND, 2, (command & ~mask) | (value & mask));
}

/* All ones in the address bits ask for the size; anything else leaves the BAR where it is. */
static void write_bar(struct vpci_function *function, unsigned index, uint32_t value,
                      uint32_t bytes)
{
    uint32_t mask = function->bars[index].mask;

    if (mask && (value & bytes & mask) == mask)
        function->sizing |= (uint8_t)BIT(index);
    else
        function->sizing &= (uint8_t)~BIT(index);
}

static void write_msi(struct vpci_function *function, unsigned offset, uint32_t value,
                      uint32_t bytes)
{
    struct vpci_msi *msi = &function->msi;
    struct vpci_msi before = *msi;
    uint64_t wide = (uint64_t)value;
    uint64_t wide_bytes = (uint64_t)bytes;

    switch (offset) {
    case 0:
        if (bytes & PCI_MSI_ENABLE)
            msi->enabled = (value & PCI_MSI_ENABLE) != 0;
        break;
    case MSI_ADDRESS:
        wide_bytes &= ~UINT64_C(3);
        msi->address = (msi->address & ~wide_bytes) | (wide & wide_bytes);
        break;
    case MSI_ADDRESS_HIGH:
        if (function->msi_64bit) {
            msi->address = (msi->address & ~(wide_bytes << 32)) | (wide & wide_bytes) << 32;
            break;
        }
        /* fall through */
    default:
        msi->data = (uint16_t)((msi->data & ~bytes) | (value & bytes));
        break;
    }
    if (before.enabled != msi->enabled ||
        (msi->enabled && (before.address != msi->address || before.data != msi->data)))
        function->backend.msi_changed(function->backend.context, msi);
}

void vpci_function_write(struct vpci_function *function, unsigned reg, uint32_t value,
                         uint32_t bytes)
{
    unsigned offset;

    switch (rule_of(reg)) {
    case COMMAND:
        write_command(function, value, bytes);
        break;
    case BAR:
        write_bar(function, (reg - PCI_BAR0) / 4, value, bytes);
        break;
    case LINE:
        if (bytes & 0xFF)
            function->interrupt_line = (uint8_t)value;
        break;
    case DEVICE:
        offset = msi_register(function, reg);
        if (offset != 0xFF)
            write_msi(function, offset, value, bytes);
        break;
    default:
        break;
    }
}

void vpci_function_reset(struct vpci_function *function)
{
    bool was_enabled = function->msi.enabled;

    function->interrupt_line = function->reset_line;
    function->sizing = 0;
    function->msi = (struct vpci_msi){0};
    if (was_enabled)
        function->backend.msi_changed(function->backend.context, &function->msi);
}
