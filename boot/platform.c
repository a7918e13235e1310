/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chipset's own registers where the firmware has no ACPI tables for them, as OVMF under Bochs.
 * Called once by the loader. Must not change a fact that ACPI told, and writes to the chipset only
 * to switch on PM ports that already have an address.
 */
#include "boot/platform.h"

#include "drivers/pci.h"

#define PM_BASE_REGISTER 0x40
#define PM_BASE_ADDRESS  MASK(15, 6)
#define PM1_CONTROL      4 /* offsets in the PM block, the same in PIIX4 and ICH */
#define PM_TIMER         8
#define IOAPIC_ADDRESS   0xFEC00000
#define ANY_SUBSYSTEM    0

/*
 * The sleep type of S5 is 0 in PIIX4's data sheet (82371AB: "PMCNTRL", soft off), 7 in ICH9's;
 * QEMU's model of ICH9 takes 0, and tells itself apart by its subsystem vendor.
 */
static const struct chipset {
    const char *name;
    uint16_t vendor;
    uint16_t device;
    uint16_t subsystem_vendor;
    uint16_t enable_register; /* of 8 bits; PIIX4 PMREGMISC, ICH9 ACPI_CNTL */
    uint8_t enable_bit;
    uint8_t s5_type;
} chipsets[] = {
    {"PIIX4", 0x8086, 0x7113, ANY_SUBSYSTEM, 0x80, 0x01, 0},
    {"ICH9 (QEMU)", 0x8086, 0x2918, 0x1AF4, 0x44, 0x80, 0},
    {"ICH9", 0x8086, 0x2918, ANY_SUBSYSTEM, 0x44, 0x80, 7},
};

static const struct pci_access config_ports; /* mechanism 1: every such chipset has it */

static const struct chipset *find_chipset(struct pci_address *at)
{
    for (size_t i = 0; i < ARRAY_SIZE(chipsets); i++) {
        const struct chipset *chipset = &chipsets[i];
        if (!pci_find_on_bus0(&config_ports, chipset->vendor, chipset->device, at)) {
            continue;
        }
        if (chipset->subsystem_vendor == ANY_SUBSYSTEM ||
            chipset->subsystem_vendor == pci_read16(&config_ports, *at, PCI_SUBSYSTEM_VENDOR_ID)) {
            return chipset;
        }
    }
    return NULL;
}

/* First port of the PM block, switched on; 0 when the firmware has given it no address. */
static uint16_t open_pm_ports(const struct chipset *chipset, struct pci_address at)
{
    uint32_t base = pci_read32(&config_ports, at, PM_BASE_REGISTER) & (uint32_t)PM_BASE_ADDRESS;
    if (base == 0) {
        return 0;
    }
    uint8_t enable = pci_read8(&config_ports, at, chipset->enable_register);
    if ((enable & chipset->enable_bit) == 0) {
        pci_write8(&config_ports, at, chipset->enable_register, enable | chipset->enable_bit);
    }
    return (uint16_t)base;
}

static void complete_timer(struct boot_platform *platform, uint16_t base)
{
    if (platform->pm_timer.space == REGISTER_NONE) {
        platform->pm_timer = (struct boot_register){REGISTER_PORT, base + PM_TIMER, 4};
        platform->pm_timer_32bit = false;
    }
}

/* Also when ACPI names the PM1 control register, but its AML hides the sleep type. */
static void complete_s5(struct boot_platform *platform, const struct chipset *chipset,
                        uint16_t base)
{
    const struct boot_register control = {REGISTER_PORT, base + PM1_CONTROL, 2};
    if (platform->s5_known || platform->sleep_control.space != REGISTER_NONE) {
        return;
    }
    if (platform->pm1a_control.space == REGISTER_NONE) {
        platform->pm1a_control = control;
    }
    if (platform->pm1a_control.space == control.space &&
        platform->pm1a_control.address == control.address) {
        platform->s5_type_a = chipset->s5_type;
        platform->s5_known = true;
    }
}

const char *platform_complete(struct boot_platform *platform)
{
    struct pci_address at;
    const struct chipset *chipset = find_chipset(&at);
    if (chipset == NULL) {
        return NULL;
    }
    if (platform->ioapic.v == 0) {
        platform->ioapic = HPA(IOAPIC_ADDRESS);
    }
    if (platform->pm_timer.space != REGISTER_NONE && platform->s5_known) {
        return chipset->name;
    }
    uint16_t base = open_pm_ports(chipset, at);
    if (base != 0) {
        complete_timer(platform, base);
        complete_s5(platform, chipset, base);
    }
    return chipset->name;
}
