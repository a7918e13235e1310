/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual PCI bus: configuration mechanism 1 and who is where. See vpci.h; what a function
 * handed over shows is in vpci_function.c.
 */
#include "drivers/vpci.h"

#include "drivers/pci.h"
#include "drivers/vpci_function.h"
#include "kernel/string.h"

#define ADDRESS_WRITABLE                                                                           \
    (VPCI_ADDRESS_ENABLE | VPCI_ADDRESS_BUS | VPCI_ADDRESS_DEVFN | VPCI_ADDRESS_REGISTER)
#define CF9_OFFSET  1 /* from GUEST_PCI_CONFIG_PORT */
#define DATA_OFFSET 4

/* The host bridge: read only. Intel's 440FX, which every system knows and leaves alone. */
static const uint32_t host_bridge[] = {
    [PCI_VENDOR_ID / 4] = 0x12378086,
    [PCI_COMMAND / 4] = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
    [PCI_CLASS_REVISION / 4] = 0x06000002,
};

static struct vpci_function *find(struct vpci *pci, uint8_t devfn)
{
    for (unsigned i = 0; i < pci->function_count; i++) {
        if (pci->functions[i].devfn == devfn)
            return &pci->functions[i];
    }
    return NULL;
}

/* Whether the device of this function has further ones, as function 0 tells by its header type. */
static bool is_multifunction(const struct vpci *pci, uint8_t devfn)
{
    for (unsigned i = 0; i < pci->function_count; i++) {
        if ((pci->functions[i].devfn ^ devfn) >> 3 == 0 && pci->functions[i].devfn != devfn)
            return true;
    }
    return false;
}

/* The devfn that CONFIG_ADDRESS selects on bus 0; false: nothing is selected there. */
static bool selected(const struct vpci *pci, uint8_t *devfn)
{
    *devfn = (uint8_t)FIELD_GET(VPCI_ADDRESS_DEVFN, pci->address);
    return (pci->address & VPCI_ADDRESS_ENABLE) && !(pci->address & VPCI_ADDRESS_BUS);
}

static uint32_t read_data(struct vpci *pci)
{
    unsigned reg = pci->address & VPCI_ADDRESS_REGISTER;
    struct vpci_function *function;
    uint8_t devfn;

    if (!selected(pci, &devfn))
        return ~0U;
    if (devfn == 0)
        return reg / 4 < ARRAY_SIZE(host_bridge) ? host_bridge[reg / 4] : 0;
    function = find(pci, devfn);
    return function ? vpci_function_read(function, reg, is_multifunction(pci, devfn)) : ~0U;
}

static void write_data(struct vpci *pci, uint32_t value, uint32_t bytes)
{
    struct vpci_function *function;
    uint8_t devfn;

    if (!selected(pci, &devfn))
        return;
    function = find(pci, devfn);
    if (function)
        vpci_function_write(function, pci->address & VPCI_ADDRESS_REGISTER, value, bytes);
}

static bool inside_data(uint64_t offset, unsigned size)
{
    return offset >= DATA_OFFSET && offset + size <= VPCI_PORT_COUNT;
}

static uint64_t vpci_read(void *device, uint64_t offset, unsigned size)
{
    struct vpci *pci = device;

    if (inside_data(offset, size))
        return read_data(pci) >> (8 * (offset - DATA_OFFSET)) & device_open_bus(size);
    if (offset == 0 && size == 4)
        return pci->address;
    if (offset == CF9_OFFSET && size == 1 && pci->cf9_ops)
        return pci->cf9_ops->read(pci->cf9_device, 0, 1);
    return device_open_bus(size);
}

static void vpci_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct vpci *pci = device;

    if (inside_data(offset, size)) {
        unsigned shift = 8 * (unsigned)(offset - DATA_OFFSET);

        write_data(pci, (uint32_t)(value << shift), (uint32_t)(device_open_bus(size) << shift));
    } else if (offset == 0 && size == 4) {
        pci->address = (uint32_t)(value & ADDRESS_WRITABLE);
    } else if (offset == CF9_OFFSET && size == 1 && pci->cf9_ops) {
        pci->cf9_ops->write(pci->cf9_device, 0, 1, value);
    }
}

const struct device_ops vpci_ops = {.read = vpci_read, .write = vpci_write};

enum vpci_error vpci_add_function(struct vpci *pci, uint8_t devfn,
                                  const struct vpci_backend *backend, uint8_t interrupt_line,
                                  const struct vpci_function **added)
{
    struct vpci_function *function;
    enum vpci_error error;

    if (pci->function_count == VPCI_FUNCTION_MAX)
        return VPCI_FULL;
    if (devfn == 0 || find(pci, devfn))
        return VPCI_TAKEN;
    function = &pci->functions[pci->function_count];
    memset(function, 0, sizeof(*function));
    function->backend = *backend;
    function->devfn = devfn;
    function->reset_line = interrupt_line;
    error = vpci_function_probe(function);
    if (error != VPCI_OK)
        return error;
    pci->function_count++;
    *added = function;
    return VPCI_OK;
}

void vpci_set_cf9(struct vpci *pci, const struct device_ops *ops, void *device)
{
    pci->cf9_ops = ops;
    pci->cf9_device = device;
}

void vpci_reset(struct vpci *pci)
{
    pci->address = 0;
    for (unsigned i = 0; i < pci->function_count; i++)
        vpci_function_reset(&pci->functions[i]);
}

void vpci_init(struct vpci *pci)
{
    memset(pci, 0, sizeof(*pci));
}
