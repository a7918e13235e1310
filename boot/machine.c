/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine is: framebuffer, ACPI and chipset facts, what is where. */
#include "boot/loader.h"

#include "boot/acpi.h"
#include "boot/platform.h"
#include "kernel/string.h"

#define LAPIC_PAGE 0xFEE00000

static struct acpi_machine acpi;
static bool has_acpi;

static bool same_guid(const EFI_GUID *a, const EFI_GUID *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static hpa_t find_rsdp(void)
{
    static const EFI_GUID acpi2 = {
        0x8868e871, 0xe4f1, 0x11d3, {0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81}};
    static const EFI_GUID acpi1 = {
        0xeb9d2d30, 0x2d88, 0x11d3, {0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d}};
    hpa_t found = HPA(0);
    for (UINTN i = 0; i < ST->NumberOfTableEntries; i++) {
        const EFI_CONFIGURATION_TABLE *entry = &ST->ConfigurationTable[i];
        if (same_guid(&entry->VendorGuid, &acpi2)) {
            return HPA((uintptr_t)entry->VendorTable);
        }
        if (same_guid(&entry->VendorGuid, &acpi1)) {
            found = HPA((uintptr_t)entry->VendorTable);
        }
    }
    return found;
}

static void read_framebuffer(struct boot_framebuffer *fb)
{
    static EFI_GUID guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
    EFI_GRAPHICS_OUTPUT_PROTOCOL *gop = NULL;
    if (FIRMWARE(BS->LocateProtocol(&guid, NULL, (void **)&gop)) != EFI_SUCCESS ||
        gop->Mode == NULL || gop->Mode->Info == NULL) {
        return;
    }
    const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *mode = gop->Mode->Info;
    if (mode->PixelFormat == PixelRedGreenBlueReserved8BitPerColor) {
        fb->format = FRAMEBUFFER_RGBX;
    } else if (mode->PixelFormat == PixelBlueGreenRedReserved8BitPerColor) {
        fb->format = FRAMEBUFFER_BGRX;
    } else {
        return; /* bit masks or no linear framebuffer at all */
    }
    fb->hpa = HPA(gop->Mode->FrameBufferBase);
    fb->size = gop->Mode->FrameBufferSize;
    fb->width = mode->HorizontalResolution;
    fb->height = mode->VerticalResolution;
    fb->stride = mode->PixelsPerScanLine;
}

/* All memory is mapped at its own address by the firmware. */
static const void *map_identity(void *context, uint64_t hpa, uint64_t size)
{
    (void)context;
    return size != 0 && hpa + size > hpa ? (const void *)hpa : NULL;
}

static void read_acpi(struct boot_info *info)
{
    hpa_t rsdp = find_rsdp();
    if (rsdp.v == 0) {
        return;
    }
    has_acpi = acpi_read(&(struct acpi_memory){.map = map_identity}, rsdp, &acpi);
    for (uint32_t i = 0; i < acpi.complaint_count; i++) {
        loader_print("warning: ACPI table %s: %s", acpi.complaints[i].table,
                     acpi_fault_text(acpi.complaints[i].fault));
    }
    if (!has_acpi) {
        return;
    }
    info->platform = acpi.platform;
    info->cpu_count = acpi.cpu_count;
    memcpy(info->cpus, acpi.cpus, sizeof(info->cpus));
}

void loader_read_machine(struct boot_info *info)
{
    read_framebuffer(&info->framebuffer);
    read_acpi(info);
    const char *chipset = platform_complete(&info->platform);
    loader_print("platform: %s, chipset %s", has_acpi ? "ACPI" : "no ACPI tables",
                 chipset != NULL ? chipset : "unknown");
    loader_read_cpus(info);
}

/* ---- for the configuration's checker ---- */

static uint32_t node_of(hpa_t hpa)
{
    for (uint32_t i = 0; i < acpi.node_memory_count; i++) {
        const struct acpi_node_memory *m = &acpi.node_memory[i];
        if (hpa.v >= m->hpa.v && hpa.v - m->hpa.v < m->size) {
            return m->node;
        }
    }
    return 0;
}

static void reserve_ports(struct config_machine *machine, const struct boot_register *reg,
                          uint16_t count, const char *what)
{
    if (reg->space == REGISTER_PORT && machine->port_count < CONFIG_PORT_MAX) {
        uint16_t first = (uint16_t)reg->address;
        machine->ports[machine->port_count++] =
            (struct config_port_reserved){first, (uint16_t)(first + count - 1), what};
    }
}

static void keep(struct config_machine *machine, uint64_t first, uint64_t size, const char *what)
{
    if (first != 0 && machine->kept_count < CONFIG_KEPT_MAX) {
        machine->kept[machine->kept_count++] = (struct config_kept){first, size, what};
    }
}

/* Where no device that is handed over may answer. */
static void keep_addresses(const struct boot_info *info, struct config_machine *machine)
{
    const struct boot_platform *platform = &info->platform;
    keep(machine, LAPIC_PAGE, PAGE_SIZE, "the machine's local APICs");
    keep(machine, platform->ioapic.v, PAGE_SIZE, "the machine's IOAPIC");
    for (uint32_t i = 0; i < acpi.ioapic_count; i++) {
        keep(machine, acpi.ioapics[i].hpa.v, PAGE_SIZE, "an IOAPIC of the machine");
    }
    keep(machine, platform->hpet.v, PAGE_SIZE, "the machine's HPET");
    keep(machine, platform->ecam.v,
         platform->ecam.v != 0 ? (platform->ecam_last_bus + UINT64_C(1)) << 20 : 0,
         "the machine's PCI configuration space");
    for (uint32_t i = 0; i < info->memory_count; i++) {
        const struct boot_memory *m = &info->memory[i];
        if (m->type == BOOT_MEMORY_BULKHEAD || m->type == BOOT_MEMORY_MMIO) {
            keep(machine, m->hpa.v, m->size,
                 m->type == BOOT_MEMORY_MMIO ? "a device of the firmware" : "Bulkhead's memory");
        }
    }
    machine->ioapic = platform->ioapic.v != 0;
}

void loader_describe_machine(const struct boot_info *info, struct config_machine *machine)
{
    memset(machine, 0, sizeof(*machine));
    machine->cpu_count = info->cpu_count;
    memcpy(machine->cpus, info->cpus, sizeof(machine->cpus));
    for (uint32_t i = 0; i < info->memory_count && machine->ram_count < CONFIG_RAM_MAX; i++) {
        const struct boot_memory *m = &info->memory[i];
        uint64_t first = MAX(m->hpa.v, MIB(1)); /* below: for starting CPUs only */
        if (m->type == BOOT_MEMORY_FREE && m->hpa.v + m->size > first) {
            machine->ram[machine->ram_count++] =
                (struct config_ram){HPA(first), m->hpa.v + m->size - first, node_of(HPA(first))};
        }
    }
    keep_addresses(info, machine);
    machine->iommu = info->platform.iommu ? CONFIG_IOMMU_UNUSED : CONFIG_IOMMU_ABSENT;
    machine->serial = CONFIG_UNKNOWN;
    machine->framebuffer =
        info->framebuffer.format != FRAMEBUFFER_NONE ? CONFIG_PRESENT : CONFIG_ABSENT;
    const struct boot_platform *platform = &info->platform;
    reserve_ports(machine, &platform->pm1a_control, 2, "the power management registers");
    reserve_ports(machine, &platform->pm1b_control, 2, "the power management registers");
    reserve_ports(machine, &platform->pm_timer, 4, "the power management timer");
    reserve_ports(machine, &platform->reset, 1, "the reset register");
    reserve_ports(machine, &platform->uart, 8, "the console's UART");
}
