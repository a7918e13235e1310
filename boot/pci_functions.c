/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's PCI functions for the configuration's checker. Called by boot/configure.c whenever
 * the plan is made. Functions that no VM asks for are only read: the firmware may be using them.
 */
#include "boot/loader.h"

#include "drivers/pci.h"
#include "drivers/pci_bars.h"
#include "kernel/string.h"

#define INTERRUPT_LINE 0x3C
#define INTERRUPT_PIN  0x3D
#define INTX_MAX       4

static const struct pci_access ports;

struct probing {
    const struct config *config;
    struct config_machine *machine;
};

static bool is_wanted(const struct config *config, struct pci_address at)
{
    for (uint32_t v = 0; v < config->vm_count; v++) {
        const struct vm_plan *plan = &config->vms[v].plan;
        for (uint32_t i = 0; i < plan->pci_count; i++) {
            const struct vm_pci_function *f = &plan->pci[i];
            if (f->segment == 0 && f->bus == at.bus && f->device == at.device &&
                f->function == at.function) {
                return true;
            }
        }
    }
    return false;
}

/* With interrupts off: the firmware's own driver of the device runs in timer interrupts. */
static void read_bars(struct pci_address at, bool wanted, struct vm_pci_bar *bars)
{
    EFI_TPL before = BS->RaiseTPL(TPL_HIGH_LEVEL);
    pci_read_bars(&ports, at, wanted, bars);
    BS->RestoreTPL(before);
}

static bool add_function(void *context, const struct pci_function *found)
{
    const struct probing *probing = context;
    struct config_machine *machine = probing->machine;
    if (machine->pci_count == CONFIG_PCI_MAX) {
        return true;
    }
    struct config_pci *out = &machine->pci[machine->pci_count++];
    *out = (struct config_pci){
        .function = {.bus = found->at.bus,
                     .device = found->at.device,
                     .function = found->at.function},
        .vendor = found->vendor,
        .device = found->device,
        .class_code = pci_read32(&ports, found->at, PCI_CLASS_REVISION) >> 8,
        .header_type = pci_read8(&ports, found->at, PCI_HEADER_TYPE) & PCI_HEADER_LAYOUT,
    };
    if (out->header_type == 0) {
        uint8_t intx = pci_read8(&ports, found->at, INTERRUPT_PIN);
        read_bars(found->at, is_wanted(probing->config, found->at), out->function.bars);
        out->function.intx = intx <= INTX_MAX ? intx : 0;
        out->line = pci_read8(&ports, found->at, INTERRUPT_LINE);
        out->probed = true;
    }
    return true;
}

void loader_read_pci(const struct config *config, struct config_machine *machine)
{
    struct probing probing = {config, machine};
    pci_scan(&ports, add_function, &probing);
    machine->pci_known = true;
}
