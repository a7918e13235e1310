/* SPDX-License-Identifier: Apache-2.0 */
/* PCI configuration space of unit tests; see fake_pci.h. */
#include "tests/unit/drivers/fake_pci.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct fake_pci_function fake_pci[FAKE_PCI_MAX];
unsigned fake_pci_count;
unsigned fake_pci_accesses;
static uint32_t selected;

void fake_pci_begin(void)
{
    memset(fake_pci, 0, sizeof(fake_pci));
    fake_pci_count = 0;
    fake_pci_accesses = 0;
    selected = 0;
}

struct fake_pci_function *fake_pci_add(uint8_t bus, uint8_t device, uint8_t function, uint32_t ids,
                                       uint16_t class_code, uint8_t header_type)
{
    if (fake_pci_count == FAKE_PCI_MAX) {
        abort();
    }
    struct fake_pci_function *added = &fake_pci[fake_pci_count++];
    added->bus = bus;
    added->device = device;
    added->function = function;
    fake_pci_store(added, 0x00, 4, ids);
    fake_pci_store(added, 0x0A, 2, class_code);
    fake_pci_store(added, 0x0E, 1, header_type);
    return added;
}

void fake_pci_store(struct fake_pci_function *function, uint16_t offset, unsigned size,
                    uint32_t value)
{
    for (unsigned i = 0; i < size; i++) {
        function->space[offset + i] = (uint8_t)(value >> i * 8);
    }
}

uint32_t fake_pci_load(const struct fake_pci_function *function, uint16_t offset, unsigned size)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value |= (uint32_t)function->space[offset + i] << i * 8;
    }
    return value;
}

static struct fake_pci_function *find(unsigned bus, unsigned device, unsigned function)
{
    for (unsigned i = 0; i < fake_pci_count; i++) {
        if (fake_pci[i].bus == bus && fake_pci[i].device == device &&
            fake_pci[i].function == function) {
            return &fake_pci[i];
        }
    }
    return NULL;
}

static uint32_t config_read(struct fake_pci_function *function, uint16_t offset, unsigned size)
{
    fake_pci_accesses++;
    return function != NULL ? fake_pci_load(function, offset, size) : UINT32_MAX;
}

static void config_write(struct fake_pci_function *function, uint16_t offset, unsigned size,
                         uint32_t value)
{
    fake_pci_accesses++;
    if (function == NULL) {
        return;
    }
    if (offset < sizeof(function->fixed)) {
        uint32_t fixed = function->fixed[offset / 4] >> offset % 4 * 8;
        value = (value & ~fixed) | (fake_pci_load(function, offset, size) & fixed);
    }
    fake_pci_store(function, offset, size, value);
    if (function->master_stuck) {
        function->space[4] |= 4;
    }
    if (function->written != NULL) {
        function->written(function, offset);
    }
}

static struct fake_pci_function *selected_function(void)
{
    if ((selected & 0xFF000003) != 0x80000000) { /* reserved bits are 0 */
        return NULL;
    }
    return find(selected >> 16 & 0xFF, selected >> 11 & 0x1F, selected >> 8 & 7);
}

bool fake_pci_port_read(uint16_t port, unsigned size, uint32_t *value)
{
    if (port == 0xCF8 && size == 4) {
        *value = selected;
        return true;
    }
    if (port < 0xCFC || port + size > 0xD00) {
        return false;
    }
    *value = config_read(selected_function(), (uint16_t)((selected & 0xFC) + port - 0xCFC), size);
    return true;
}

bool fake_pci_port_write(uint16_t port, unsigned size, uint32_t value)
{
    if (port == 0xCF8 && size == 4) {
        selected = value;
        return true;
    }
    if (port < 0xCFC || port + size > 0xD00) {
        return false;
    }
    config_write(selected_function(), (uint16_t)((selected & 0xFC) + port - 0xCFC), size, value);
    return true;
}

static struct fake_pci_function *ecam_function(uint64_t offset)
{
    return find(offset >> 20 & 0xFF, offset >> 15 & 0x1F, offset >> 12 & 7);
}

uint32_t fake_pci_ecam_read(uint64_t offset, unsigned size)
{
    return config_read(ecam_function(offset), offset & 0xFFF, size);
}

void fake_pci_ecam_write(uint64_t offset, unsigned size, uint32_t value)
{
    config_write(ecam_function(offset), offset & 0xFFF, size, value);
}
