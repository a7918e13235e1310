/* SPDX-License-Identifier: Apache-2.0 */
/* links: drivers/vpci.c drivers/vpci_function.c drivers/vpci_probe.c */
/*
 * The virtual PCI bus: configuration mechanism 1, the host bridge, and the filter before functions
 * that were handed over. The real function is an array with BARs that size as hardware's do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/vpci.h"

/* A real function: registers, and per dword which bits its hardware lets be written. */
struct fake {
    uint8_t space[256];
    uint32_t writable[64];
    unsigned writes;
    unsigned writes_outside_command;
    struct vpci_msi msi;
    unsigned msi_changes;
    bool decoded_while_sizing;
};

struct rig {
    struct vpci pci;
    struct fake nic;
    const struct vpci_function *function;
    uint8_t cf9;
};

static uint32_t dword(const struct fake *fake, unsigned reg)
{
    uint32_t value;

    memcpy(&value, fake->space + reg, 4);
    return value;
}

static void set_dword(struct fake *fake, unsigned reg, uint32_t value)
{
    memcpy(fake->space + reg, &value, 4);
}

static uint32_t fake_read(void *context, unsigned reg, unsigned size)
{
    const struct fake *fake = context;
    uint32_t value = 0;

    assert_true(size == 1 || size == 2 || size == 4);
    assert_true(reg % size == 0 && reg + size <= 256);
    memcpy(&value, fake->space + reg, size);
    return value;
}

static void fake_write(void *context, unsigned reg, unsigned size, uint32_t value)
{
    struct fake *fake = context;
    uint32_t mask = size == 4 ? ~0U : (1U << (8 * size)) - 1;
    unsigned at = reg & ~3U;
    unsigned shift = 8 * (reg & 3);
    uint32_t old = dword(fake, at);

    assert_true(size == 1 || size == 2 || size == 4);
    assert_true(reg % size == 0 && reg + size <= 256);
    mask = mask << shift & fake->writable[at / 4];
    set_dword(fake, at, (old & ~mask) | (value << shift & mask));
    fake->writes++;
    if (reg != 4 || size != 2)
        fake->writes_outside_command++;
    if (reg >= 0x10 && reg < 0x28 && (dword(fake, 4) & 3))
        fake->decoded_while_sizing = true;
}

static void fake_msi_changed(void *context, const struct vpci_msi *msi)
{
    struct fake *fake = context;

    fake->msi = *msi;
    fake->msi_changes++;
}

/* An Ethernet controller: 128 KiB memory BAR, 64-bit BAR of 1 MiB, I/O BAR of 64 ports, ROM. */
static void make_nic(struct fake *nic)
{
    memset(nic, 0, sizeof(*nic));
    set_dword(nic, 0x00, 0x100E8086);
    set_dword(nic, 0x04, 0x02300006); /* capabilities, memory, bus master */
    set_dword(nic, 0x08, 0x02000003);
    set_dword(nic, 0x0C, 0x00804010); /* cache line, latency, multifunction */
    set_dword(nic, 0x10, 0x80000008);
    set_dword(nic, 0x14, 0x9000000C); /* 64-bit, prefetchable */
    set_dword(nic, 0x18, 0x00000001);
    set_dword(nic, 0x1C, 0x0000C001);
    set_dword(nic, 0x2C, 0x11008086);
    set_dword(nic, 0x30, 0xFEB80000);
    set_dword(nic, 0x34, 0x000000DC);
    set_dword(nic, 0x3C, 0x0A08010B); /* line 11, pin A */
    set_dword(nic, 0xDC, 0xC822E401); /* power management */
    set_dword(nic, 0xE0, 0x00002000);
    set_dword(nic, 0xE4, 0x0002F007); /* PCI-X: hidden */
    set_dword(nic, 0xF0, 0x01840005); /* MSI, 64-bit, four messages, masking; end */
    set_dword(nic, 0xF8, 0x11223344);
    set_dword(nic, 0x50, 0xCAFEBABE);
    nic->writable[0x04 / 4] = 0x0000FFFF;
    nic->writable[0x10 / 4] = 0xFFFE0000;
    nic->writable[0x14 / 4] = 0xFFF00000;
    nic->writable[0x18 / 4] = 0xFFFFFFFF;
    nic->writable[0x1C / 4] = 0xFFFFFFC0;
    nic->writable[0x30 / 4] = 0xFFFF0001;
    for (unsigned i = 0x3C / 4; i < 64; i++)
        nic->writable[i] = ~0U;
}

static uint64_t cf9_read(void *device, uint64_t offset, unsigned size)
{
    assert_int_equal(offset, 0);
    assert_int_equal(size, 1);
    return ((struct rig *)device)->cf9;
}

static void cf9_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    assert_int_equal(offset, 0);
    assert_int_equal(size, 1);
    ((struct rig *)device)->cf9 = (uint8_t)value;
}

static const struct device_ops cf9_ops = {.read = cf9_read, .write = cf9_write};

static struct vpci_backend backend_of(struct fake *fake)
{
    return (struct vpci_backend){
        .read = fake_read, .write = fake_write, .msi_changed = fake_msi_changed, .context = fake};
}

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    struct vpci_backend backend;

    assert_non_null(rig);
    make_nic(&rig->nic);
    vpci_init(&rig->pci);
    vpci_set_cf9(&rig->pci, &cf9_ops, rig);
    backend = backend_of(&rig->nic);
    assert_int_equal(vpci_add_function(&rig->pci, VPCI_DEVFN(2, 0), &backend, 5, &rig->function),
                     VPCI_OK);
    rig->nic.writes = 0;
    rig->nic.writes_outside_command = 0;
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void aim(struct rig *rig, unsigned bus, unsigned devfn, unsigned reg)
{
    vpci_ops.write(&rig->pci, 0, 4, 0x80000000 | bus << 16 | devfn << 8 | (reg & ~3U));
}

static uint32_t get(struct rig *rig, unsigned devfn, unsigned reg, unsigned size)
{
    aim(rig, 0, devfn, reg);
    return (uint32_t)vpci_ops.read(&rig->pci, 4 + (reg & 3), size);
}

static void put(struct rig *rig, unsigned devfn, unsigned reg, unsigned size, uint32_t value)
{
    aim(rig, 0, devfn, reg);
    vpci_ops.write(&rig->pci, 4 + (reg & 3), size, value);
}

#define NIC VPCI_DEVFN(2, 0)

static void address_register_takes_dwords_and_drops_reserved_bits(void **state)
{
    struct rig *rig = *state;

    vpci_ops.write(&rig->pci, 0, 4, 0xFFFFFFFF);
    assert_int_equal(vpci_ops.read(&rig->pci, 0, 4), 0x80FFFFFC);
    vpci_ops.write(&rig->pci, 3, 1, 0x01); /* Linux's probe for mechanism 1 starts so */
    vpci_ops.write(&rig->pci, 0, 2, 0);
    assert_int_equal(vpci_ops.read(&rig->pci, 0, 4), 0x80FFFFFC);
    assert_int_equal(vpci_ops.read(&rig->pci, 0, 1), 0xFF);
    assert_int_equal(vpci_ops.read(&rig->pci, 2, 2), 0xFFFF);
    vpci_ops.write(&rig->pci, 0, 4, 0x80000000);
    assert_int_equal(vpci_ops.read(&rig->pci, 0, 4), 0x80000000);
}

static void access_across_both_registers_is_nobodys(void **state)
{
    struct rig *rig = *state;

    aim(rig, 0, 0, 0);
    assert_int_equal(vpci_ops.read(&rig->pci, 2, 4), 0xFFFFFFFF);
    assert_int_equal(vpci_ops.read(&rig->pci, 3, 2), 0xFFFF);
    vpci_ops.write(&rig->pci, 2, 4, 0);
    assert_int_equal(vpci_ops.read(&rig->pci, 0, 4), 0x80000000);
}

static void data_is_dead_while_the_enable_bit_is_clear(void **state)
{
    struct rig *rig = *state;

    vpci_ops.write(&rig->pci, 0, 4, NIC << 8);
    assert_int_equal(vpci_ops.read(&rig->pci, 4, 4), 0xFFFFFFFF);
    vpci_ops.write(&rig->pci, 0, 4, NIC << 8 | 4);
    vpci_ops.write(&rig->pci, 4, 4, 0);
    assert_int_equal(rig->nic.writes, 0);
}

static void byte_at_cf9_goes_to_the_reset_control(void **state)
{
    struct rig *rig = *state;

    vpci_ops.write(&rig->pci, 1, 1, 0x0E);
    assert_int_equal(rig->cf9, 0x0E);
    assert_int_equal(vpci_ops.read(&rig->pci, 1, 1), 0x0E);
    vpci_ops.write(&rig->pci, 1, 2, 0);
    assert_int_equal(rig->cf9, 0x0E);
    vpci_set_cf9(&rig->pci, NULL, NULL);
    assert_int_equal(vpci_ops.read(&rig->pci, 1, 1), 0xFF);
    vpci_ops.write(&rig->pci, 1, 1, 0);
}

static void host_bridge_is_read_only(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(get(rig, 0, 0x00, 4), 0x12378086);
    assert_int_equal(get(rig, 0, 0x0A, 2), 0x0600); /* what Linux looks for */
    assert_int_equal(get(rig, 0, 0x0E, 1), 0x00);
    assert_int_equal(get(rig, 0, 0x04, 4), 0x00000006); /* memory, master; no capabilities */
    for (unsigned reg = 0; reg < 256; reg += 4) {
        uint32_t before = get(rig, 0, reg, 4);

        put(rig, 0, reg, 4, ~before);
        assert_int_equal(get(rig, 0, reg, 4), before);
    }
    assert_int_equal(get(rig, 0, 0x40, 4), 0);
    assert_int_equal(get(rig, 0, 0xFC, 4), 0);
}

static void everything_else_is_absent(void **state)
{
    struct rig *rig = *state;

    for (unsigned devfn = 1; devfn < 256; devfn++) {
        if (devfn == NIC)
            continue;
        assert_int_equal(get(rig, devfn, 0, 4), 0xFFFFFFFF);
        assert_int_equal(get(rig, devfn, 0x0E, 1), 0xFF);
        put(rig, devfn, 4, 4, 7);
    }
    aim(rig, 1, NIC, 0);
    assert_int_equal(vpci_ops.read(&rig->pci, 4, 4), 0xFFFFFFFF);
    assert_int_equal(rig->nic.writes, 0);
}

static void identity_passes_and_partial_reads_are_shifted(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(get(rig, NIC, 0x00, 2), 0x8086);
    assert_int_equal(get(rig, NIC, 0x02, 2), 0x100E);
    assert_int_equal(get(rig, NIC, 0x0B, 1), 0x02);
    assert_int_equal(get(rig, NIC, 0x2C, 4), 0x11008086);
    assert_int_equal(get(rig, NIC, 0x50, 4), 0xCAFEBABE);
    aim(rig, 0, NIC, 0);
    assert_int_equal(vpci_ops.read(&rig->pci, 5, 2), 0x0E80);
}

static void command_bits_of_the_guest_reach_the_device(void **state)
{
    struct rig *rig = *state;

    put(rig, NIC, 4, 2, 0xFFFF);
    assert_int_equal(dword(&rig->nic, 4), 0x02300407); /* I/O, memory, master, INTx disable */
    put(rig, NIC, 4, 4, 0xFFFF0000);
    assert_int_equal(dword(&rig->nic, 4), 0x02300000);
    put(rig, NIC, 4, 1, 0x06);
    assert_int_equal(get(rig, NIC, 4, 2), 0x0006);
    put(rig, NIC, 5, 1, 0x04);
    assert_int_equal(get(rig, NIC, 4, 2), 0x0406);
    put(rig, NIC, 6, 2, 0xFFFF); /* status alone: nothing to write */
    assert_int_equal(rig->nic.writes, 4);
    assert_int_equal(rig->nic.writes_outside_command, 0);
}

static void bars_size_but_stay(void **state)
{
    static const struct {
        unsigned reg;
        uint32_t value;
        uint32_t size;
    } bars[] = {{0x10, 0x80000008, 0xFFFE0008},
                {0x14, 0x9000000C, 0xFFF0000C},
                {0x18, 0x00000001, 0xFFFFFFFF},
                {0x1C, 0x0000C001, 0xFFFFFFC1},
                {0x20, 0, 0},
                {0x24, 0, 0}};
    struct rig *rig = *state;

    for (unsigned i = 0; i < ARRAY_SIZE(bars); i++) {
        assert_int_equal(get(rig, NIC, bars[i].reg, 4), bars[i].value);
        put(rig, NIC, bars[i].reg, 4, 0xFFFFFFFF);
        assert_int_equal(get(rig, NIC, bars[i].reg, 4), bars[i].size);
        put(rig, NIC, bars[i].reg, 4, 0xA0000000); /* moving it is refused */
        assert_int_equal(get(rig, NIC, bars[i].reg, 4), bars[i].value);
        put(rig, NIC, bars[i].reg, 4, 0xFFFFFFFF);
        put(rig, NIC, bars[i].reg, 4, bars[i].value);
        assert_int_equal(get(rig, NIC, bars[i].reg, 4), bars[i].value);
    }
    assert_int_equal(rig->nic.writes, 0);
}

static void both_halves_of_a_wide_bar_size_together(void **state)
{
    struct rig *rig = *state;

    put(rig, NIC, 0x14, 4, 0xFFFFFFFF);
    put(rig, NIC, 0x18, 4, 0xFFFFFFFF);
    assert_int_equal(get(rig, NIC, 0x14, 4), 0xFFF0000C);
    assert_int_equal(get(rig, NIC, 0x18, 4), 0xFFFFFFFF);
    put(rig, NIC, 0x14, 4, 0x9000000C);
    assert_int_equal(get(rig, NIC, 0x18, 4), 0xFFFFFFFF);
    assert_int_equal(get(rig, NIC, 0x3C, 1), 5); /* the next register did not notice */
}

static void capabilities_need_the_status_bit(void **state)
{
    struct rig *rig = *state;
    struct fake other;
    const struct vpci_function *added;
    struct vpci_backend backend = backend_of(&other);

    make_nic(&other);
    set_dword(&other, 0x04, 0x02200006);
    assert_int_equal(vpci_add_function(&rig->pci, VPCI_DEVFN(3, 0), &backend, 5, &added), VPCI_OK);
    assert_int_equal(get(rig, VPCI_DEVFN(3, 0), 0x34, 1), 0);
    assert_int_equal(added->msi_offset, 0);
}

static void bars_are_sized_with_decoding_off_and_restored(void **state)
{
    struct rig *rig = *state;
    struct fake pristine;

    make_nic(&pristine);
    assert_memory_equal(pristine.space, rig->nic.space, 256);
    assert_false(rig->nic.decoded_while_sizing);
    assert_int_equal(rig->function->bars[0].mask, 0xFFFE0000);
    assert_int_equal(rig->function->bars[1].mask, 0xFFF00000);
    assert_int_equal(rig->function->bars[2].mask, 0xFFFFFFFF);
    assert_int_equal(rig->function->bars[3].mask, 0xFFFFFFC0);
    assert_int_equal(rig->function->bars[4].mask, 0);
}

static void expansion_rom_is_hidden(void **state)
{
    struct rig *rig = *state;

    put(rig, NIC, 0x30, 4, 0xFFFFF800);
    assert_int_equal(get(rig, NIC, 0x30, 4), 0);
}

static void interrupt_line_is_scratch_and_pin_passes(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(get(rig, NIC, 0x3C, 4), 0x0A080105);
    put(rig, NIC, 0x3C, 4, 0xFFFFFF09);
    assert_int_equal(get(rig, NIC, 0x3C, 4), 0x0A080109);
    put(rig, NIC, 0x3D, 1, 0x00);
    assert_int_equal(get(rig, NIC, 0x3C, 2), 0x0109);
    assert_int_equal(rig->nic.writes, 0);
}

static void multifunction_bit_says_what_the_guests_bus_has(void **state)
{
    struct rig *rig = *state;
    struct fake other;
    const struct vpci_function *added;
    struct vpci_backend backend = backend_of(&other);

    assert_int_equal(get(rig, NIC, 0x0E, 1), 0x00); /* the real one said 0x80 */
    make_nic(&other);
    assert_int_equal(vpci_add_function(&rig->pci, VPCI_DEVFN(2, 3), &backend, 5, &added), VPCI_OK);
    assert_int_equal(get(rig, NIC, 0x0C, 4), 0x00804010);
    assert_int_equal(get(rig, VPCI_DEVFN(2, 3), 0x0E, 1), 0x80);
}

static void capabilities_unknown_to_the_filter_are_unlinked(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(get(rig, NIC, 0x34, 1), 0xDC);
    assert_int_equal(get(rig, NIC, 0xDC, 4), 0xC822F001); /* next: MSI, past PCI-X */
    assert_int_equal(get(rig, NIC, 0xF0, 4), 0x00800005); /* end, 64-bit, one message */
    put(rig, NIC, 0xE0, 2, 3);                            /* power state */
    assert_int_equal(rig->nic.writes, 0);
}

static void capability_list_bit_goes_when_none_is_shown(void **state)
{
    struct rig *rig = *state;
    struct fake other;
    const struct vpci_function *added;
    struct vpci_backend backend = backend_of(&other);

    make_nic(&other);
    set_dword(&other, 0x34, 0xE4); /* PCI-X only ... */
    set_dword(&other, 0xE4, 0x0002F007);
    backend.msi_changed = NULL; /* ... and MSI, which nobody handles */
    assert_int_equal(vpci_add_function(&rig->pci, VPCI_DEVFN(3, 0), &backend, 5, &added), VPCI_OK);
    assert_int_equal(get(rig, VPCI_DEVFN(3, 0), 0x34, 1), 0);
    assert_int_equal(get(rig, VPCI_DEVFN(3, 0), 4, 4), 0x02200006);
    assert_int_equal(added->msi_offset, 0);
}

static void broken_capability_lists_end(void **state)
{
    struct rig *rig = *state;
    static const struct {
        uint32_t first;
        uint32_t at_dc;
        uint32_t at_f0;
    } cases[] = {
        {0xDC, 0x0000DC01, 0},          /* to itself */
        {0xDC, 0x0000F001, 0x0000DC09}, /* in a circle */
        {0xDC, 0x0000DC11, 0},          /* a hidden one to itself */
        {0xFF, 0, 0},                   /* at the end, reserved bits set */
        {0x10, 0, 0},                   /* into the header */
        {0xDC, 0x00000405, 0},          /* MSI, next into the header */
        {0xFC, 0, 0},                   /* MSI does not fit there */
        {0xDC, 0x0080F005, 0x0000DC05}, /* two MSI capabilities */
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fake other;
        const struct vpci_function *added;
        struct vpci_backend backend = backend_of(&other);
        uint8_t at;
        unsigned count = 0;

        make_nic(&other);
        set_dword(&other, 0x34, cases[i].first);
        set_dword(&other, 0xDC, cases[i].at_dc);
        set_dword(&other, 0xF0, cases[i].at_f0);
        set_dword(&other, 0xFC, 0x00000005);
        vpci_init(&rig->pci);
        assert_int_equal(vpci_add_function(&rig->pci, NIC, &backend, 5, &added), VPCI_OK);
        at = (uint8_t)get(rig, NIC, 0x34, 1);
        while (at) {
            assert_true(at >= 0x40 && ++count < 48);
            at = (uint8_t)get(rig, NIC, at + 1U, 1);
        }
    }
}

static void msi_is_kept_and_told_when_it_matters(void **state)
{
    struct rig *rig = *state;

    put(rig, NIC, 0xFC, 2, 0x4061);
    put(rig, NIC, 0xF8, 4, 0x00000001);
    put(rig, NIC, 0xF4, 4, 0xFEE01003);
    assert_int_equal(rig->nic.msi_changes, 0);
    put(rig, NIC, 0xF2, 2, 0xFFFF);
    assert_int_equal(rig->nic.msi_changes, 1);
    assert_true(rig->nic.msi.enabled);
    assert_true(rig->nic.msi.address == UINT64_C(0x1FEE01000)); /* bits 1:0 are not there */
    assert_int_equal(rig->nic.msi.data, 0x4061);
    assert_int_equal(get(rig, NIC, 0xF0, 4), 0x00810005); /* enable; no second message */
    assert_int_equal(get(rig, NIC, 0xF4, 4), 0xFEE01000);
    assert_int_equal(get(rig, NIC, 0xF8, 4), 1);
    assert_int_equal(get(rig, NIC, 0xFC, 4), 0x4061);
    put(rig, NIC, 0xFC, 1, 0x62); /* while enabled */
    assert_int_equal(rig->nic.msi_changes, 2);
    assert_int_equal(rig->nic.msi.data, 0x4062);
    put(rig, NIC, 0xFC, 1, 0x62); /* the same again */
    assert_int_equal(rig->nic.msi_changes, 2);
    put(rig, NIC, 0xF0, 1, 0xFF); /* the id is not written, and enable not touched */
    assert_int_equal(rig->nic.msi_changes, 2);
    put(rig, NIC, 0xF2, 2, 0);
    assert_int_equal(rig->nic.msi_changes, 3);
    assert_false(rig->nic.msi.enabled);
    assert_int_equal(rig->nic.writes, 0);
}

static void msi_with_32_bit_address_has_its_data_earlier(void **state)
{
    struct rig *rig = *state;
    struct fake other;
    const struct vpci_function *added;
    struct vpci_backend backend = backend_of(&other);
    unsigned devfn = VPCI_DEVFN(3, 0);

    make_nic(&other);
    set_dword(&other, 0x34, 0x40);
    set_dword(&other, 0x40, 0x00006005);
    set_dword(&other, 0x60, 0x00000001); /* shown behind MSI as before it */
    set_dword(&other, 0x4C, 0x55667788);
    assert_int_equal(vpci_add_function(&rig->pci, (uint8_t)devfn, &backend, 5, &added), VPCI_OK);
    assert_int_equal(get(rig, devfn, 0x41, 1), 0x60);
    assert_int_equal(get(rig, devfn, 0x60, 2), 0x0001);
    put(rig, devfn, 0x44, 4, 0xFEE00000);
    put(rig, devfn, 0x48, 4, 0xFFFF0033);
    put(rig, devfn, 0x42, 2, 1);
    assert_true(other.msi.address == 0xFEE00000);
    assert_int_equal(other.msi.data, 0x33);
    assert_int_equal(get(rig, devfn, 0x48, 4), 0x33);
    assert_int_equal(get(rig, devfn, 0x4C, 4), 0x55667788); /* behind the capability */
}

static void reset_turns_msi_off_and_forgets_the_guests_writes(void **state)
{
    struct rig *rig = *state;

    put(rig, NIC, 0xF2, 2, 1);
    put(rig, NIC, 0x3C, 1, 9);
    put(rig, NIC, 0x10, 4, 0xFFFFFFFF);
    vpci_reset(&rig->pci);
    assert_int_equal(rig->nic.msi_changes, 2);
    assert_false(rig->nic.msi.enabled);
    assert_int_equal(vpci_ops.read(&rig->pci, 0, 4), 0);
    assert_int_equal(get(rig, NIC, 0x3C, 1), 5);
    assert_int_equal(get(rig, NIC, 0x10, 4), 0x80000008);
    vpci_reset(&rig->pci);
    assert_int_equal(rig->nic.msi_changes, 2);
}

static void functions_that_cannot_be_added_are_named(void **state)
{
    struct rig *rig = *state;
    struct fake other;
    const struct vpci_function *added = NULL;
    struct vpci_backend backend = backend_of(&other);

    make_nic(&other);
    assert_int_equal(vpci_add_function(&rig->pci, 0, &backend, 5, &added), VPCI_TAKEN);
    assert_int_equal(vpci_add_function(&rig->pci, NIC, &backend, 5, &added), VPCI_TAKEN);
    set_dword(&other, 0x0C, 0x00010000);
    assert_int_equal(vpci_add_function(&rig->pci, 24, &backend, 5, &added), VPCI_NOT_AN_ENDPOINT);
    set_dword(&other, 0x00, 0xFFFFFFFF);
    assert_int_equal(vpci_add_function(&rig->pci, 24, &backend, 5, &added), VPCI_ABSENT);
    assert_null(added);
    assert_int_equal(get(rig, 24, 0, 4), 0xFFFFFFFF);
    make_nic(&other);
    for (unsigned i = 1; i < VPCI_FUNCTION_MAX; i++)
        assert_int_equal(vpci_add_function(&rig->pci, (uint8_t)(24 + 8 * i), &backend, 5, &added),
                         VPCI_OK);
    assert_int_equal(vpci_add_function(&rig->pci, 24, &backend, 5, &added), VPCI_FULL);
}

static void random_accesses_change_the_devices_command_only(void **state)
{
    struct rig *rig = *state;
    struct fake before = rig->nic;

    srand(3);
    for (unsigned i = 0; i < 300000; i++) {
        unsigned size = 1U << (rand() % 3);
        unsigned offset = (unsigned)rand() % (VPCI_PORT_COUNT + 1 - size);
        uint32_t value = (uint32_t)rand() ^ (uint32_t)rand() << 16;

        if (rand() % 3 == 0)
            vpci_ops.write(&rig->pci, 0, 4, 0x80001000 | (value & 0xFC));
        else if (rand() % 2)
            vpci_ops.write(&rig->pci, offset, size, value);
        else
            assert_true(vpci_ops.read(&rig->pci, offset, size) <= device_open_bus(size));
    }
    assert_int_equal(rig->nic.writes_outside_command, 0);
    assert_true(rig->nic.writes > 0);
    set_dword(&before, 4, dword(&rig->nic, 4));
    assert_memory_equal(before.space, rig->nic.space, 256);
    assert_int_equal(dword(&rig->nic, 4) & ~0x407U, 0x02300000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(address_register_takes_dwords_and_drops_reserved_bits),
        TEST(access_across_both_registers_is_nobodys),
        TEST(data_is_dead_while_the_enable_bit_is_clear),
        TEST(byte_at_cf9_goes_to_the_reset_control),
        TEST(host_bridge_is_read_only),
        TEST(everything_else_is_absent),
        TEST(identity_passes_and_partial_reads_are_shifted),
        TEST(command_bits_of_the_guest_reach_the_device),
        TEST(bars_size_but_stay),
        TEST(both_halves_of_a_wide_bar_size_together),
        TEST(capabilities_need_the_status_bit),
        TEST(bars_are_sized_with_decoding_off_and_restored),
        TEST(expansion_rom_is_hidden),
        TEST(interrupt_line_is_scratch_and_pin_passes),
        TEST(multifunction_bit_says_what_the_guests_bus_has),
        TEST(capabilities_unknown_to_the_filter_are_unlinked),
        TEST(capability_list_bit_goes_when_none_is_shown),
        TEST(broken_capability_lists_end),
        TEST(msi_is_kept_and_told_when_it_matters),
        TEST(msi_with_32_bit_address_has_its_data_earlier),
        TEST(reset_turns_msi_off_and_forgets_the_guests_writes),
        TEST(functions_that_cannot_be_added_are_named),
        TEST(random_accesses_change_the_devices_command_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
