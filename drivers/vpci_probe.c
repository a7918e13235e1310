/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a PCI function has, found out once when it is put onto a virtual bus: BAR sizes and the
 * capabilities to show. Called by vpci.c, through vpci_function.h. The device's answers are not
 * trusted to be sound: every walk is bounded.
 */
#include "drivers/pci.h"
#include "drivers/vpci_function.h"
#include "kernel/string.h"

#define DECODE      (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)

#define CAP_FIRST   0x40
#define CAP_LIMIT   48   /* no more fit between 0x40 and 0xFF */
#define CAP_POINTER 0xFC /* bits 1:0 of a pointer are reserved */

/* Capabilities that are shown; all others are unlinked. MSI only if the backend takes it. */
static const uint8_t shown_capabilities[] = {
    PCI_CAP_ID_PM, /* read only: the kernel leaves devices in D0 */
    PCI_CAP_ID_MSI,
    PCI_CAP_ID_VENDOR,
    PCI_CAP_ID_EXPRESS,
};

static uint32_t read32(const struct vpci_function *function, unsigned reg)
{
    return function->backend.read(function->backend.context, reg, 4);
}

static bool is_shown(const struct vpci_function *function, uint8_t id, uint8_t at)
{
    /* the largest layout without masking must fit: 64-bit address, data at +12 */
    if (id == PCI_CAP_ID_MSI && (!function->backend.msi_changed || at > 0xF0))
        return false;
    for (unsigned i = 0; i < ARRAY_SIZE(shown_capabilities); i++) {
        if (shown_capabilities[i] == id)
            return true;
    }
    return false;
}

/* Links the capabilities that are shown. A device's list may be broken: it ends by count. */
static void probe_capabilities(struct vpci_function *function)
{
    uint8_t *link = &function->capabilities;
    uint8_t at;

    memset(function->next, 0xFF, sizeof(function->next));
    if (!(read32(function, PCI_COMMAND) & PCI_STATUS_CAPABILITIES))
        return;
    at = (uint8_t)(read32(function, PCI_CAPABILITIES) & CAP_POINTER);
    for (unsigned i = 0; i < CAP_LIMIT && at >= CAP_FIRST; i++) {
        uint32_t header = read32(function, at);
        uint8_t id = (uint8_t)header;

        if (function->next[at / 4] != 0xFF) /* a loop */
            break;
        if (is_shown(function, id, at) && !(id == PCI_CAP_ID_MSI && function->msi_offset)) {
            *link = at;
            link = &function->next[at / 4];
            *link = 0;
            if (id == PCI_CAP_ID_MSI) {
                function->msi_offset = at;
                function->msi_64bit = (header & PCI_MSI_64BIT) != 0;
            }
        }
        at = (uint8_t)(header >> 8 & CAP_POINTER);
    }
}

static void probe_bar(struct vpci_function *function, unsigned index, bool upper_half)
{
    const struct vpci_backend *backend = &function->backend;
    struct vpci_bar *bar = &function->bars[index];
    unsigned reg = PCI_BAR0 + 4 * index;
    uint32_t ones;

    bar->value = backend->read(backend->context, reg, 4);
    backend->write(backend->context, reg, 4, ~0U);
    ones = backend->read(backend->context, reg, 4);
    backend->write(backend->context, reg, 4, bar->value);
    if (upper_half)
        bar->mask = ones;
    else
        bar->mask = ones & (bar->value & PCI_BAR_IO ? ~0x3U : ~0xFU);
}

static void probe_bars(struct vpci_function *function)
{
    const struct vpci_backend *backend = &function->backend;
    uint32_t command = backend->read(backend->context, PCI_COMMAND, 2);
    bool upper_half = false;

    backend->write(backend->context, PCI_COMMAND, 2, command & ~(uint32_t)DECODE);
    for (unsigned i = 0; i < VPCI_BAR_COUNT; i++) {
        uint32_t value;

        probe_bar(function, i, upper_half);
        value = function->bars[i].value;
        upper_half = !upper_half && !(value & PCI_BAR_IO) &&
                     (value & PCI_BAR_TYPE) == PCI_BAR_TYPE_64 && function->bars[i].mask;
    }
    backend->write(backend->context, PCI_COMMAND, 2, command);
}

enum vpci_error vpci_function_probe(struct vpci_function *function)
{
    uint32_t ids = read32(function, PCI_VENDOR_ID);
    uint32_t header = read32(function, PCI_HEADER_TYPE & ~3U) >> 16;

    if ((ids & 0xFFFF) == 0xFFFF)
        return VPCI_ABSENT;
    if (header & PCI_HEADER_LAYOUT)
        return VPCI_NOT_AN_ENDPOINT;
    probe_bars(function);
    probe_capabilities(function);
    function->interrupt_line = function->reset_line;
    return VPCI_OK;
}
