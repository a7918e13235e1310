/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/icr.c kernel/apic_map.c kernel/string.c */
/* Every form of an ICR write against a VM of three CPUs on a machine that has more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/icr.h"

static const uint32_t ids[] = {4, 5, 18};
static struct apic_map map;

static int set_up(void **state)
{
    (void)state;
    apic_map_init(&map, ids, ARRAY_SIZE(ids));
    return 0;
}

#define MODE(m)      ((uint64_t)(m) << 8)
#define SHORTHAND(s) ((uint64_t)(s) << 18)
#define TO(id)       ((uint64_t)(id) << 32)

static struct icr_request decode(uint64_t value)
{
    return icr_decode_x2apic(&map, 1, value);
}

static void fixed_to_own_cpu_goes_out_directly(void **state)
{
    (void)state;
    struct icr_request r = decode(TO(18) | 0xfd);
    assert_int_equal(r.action, ICR_SEND);
    assert_true(r.direct);
    assert_int_equal(r.targets, BIT(2));
    assert_int_equal(r.vector, 0xfd);
    assert_int_equal(r.hardware, TO(18) | ICR_ASSERT | 0xfd);
    assert_int_equal(r.hardware, icr_fixed(0xfd, 18));
}

static void fixed_to_a_foreign_cpu_is_refused(void **state)
{
    (void)state;
    for (uint32_t id = 0; id < 300; id++) {
        struct icr_request r = decode(TO(id) | 0xfd);
        bool own = id == 4 || id == 5 || id == 18;
        assert_int_equal(r.action, own ? ICR_SEND : ICR_REFUSED);
        if (!own) {
            assert_string_equal(r.reason, "destination is not a CPU of this VM");
        }
    }
}

static void nmi_init_and_sipi_to_a_foreign_cpu_are_refused(void **state)
{
    (void)state;
    assert_int_equal(decode(TO(0) | MODE(APIC_MODE_NMI)).action, ICR_REFUSED);
    assert_int_equal(decode(TO(0) | MODE(APIC_MODE_INIT) | ICR_ASSERT).action, ICR_REFUSED);
    assert_int_equal(decode(TO(0) | MODE(APIC_MODE_STARTUP) | 8).action, ICR_REFUSED);
}

static void smi_is_refused_in_every_form(void **state)
{
    (void)state;
    for (unsigned shorthand = 0; shorthand < 4; shorthand++) {
        struct icr_request r =
            decode(TO(4) | MODE(APIC_MODE_SMI) | SHORTHAND(shorthand) | ICR_ASSERT);
        assert_int_equal(r.action, ICR_REFUSED);
        assert_string_equal(r.reason, "SMI");
    }
}

static void extint_and_remote_read_are_refused(void **state)
{
    (void)state;
    assert_string_equal(decode(TO(4) | MODE(APIC_MODE_EXTINT)).reason, "ExtINT");
    assert_string_equal(decode(TO(4) | MODE(APIC_MODE_REMOTE_READ)).reason, "remote read");
}

static void self_shorthand_sends_to_the_sender(void **state)
{
    (void)state;
    struct icr_request r = decode(TO(99) | SHORTHAND(1) | 0x40);
    assert_int_equal(r.action, ICR_SEND);
    assert_int_equal(r.targets, BIT(1));
    assert_int_equal(r.hardware, icr_fixed(0x40, 5));
    assert_true(r.direct);
}

static void all_shorthands_reach_this_vm_only(void **state)
{
    (void)state;
    struct icr_request all = decode(SHORTHAND(2) | 0x40);
    assert_int_equal(all.action, ICR_SEND);
    assert_int_equal(all.targets, 7);
    assert_false(all.direct);
    struct icr_request others = decode(SHORTHAND(3) | 0x40);
    assert_int_equal(others.targets, 5);
    assert_false(others.direct);
}

static void broadcast_id_reaches_this_vm_only(void **state)
{
    (void)state;
    struct icr_request r = decode(TO(ICR_BROADCAST) | 0x40);
    assert_int_equal(r.targets, 7);
    assert_false(r.direct);
    r = decode(TO(ICR_BROADCAST) | ICR_LOGICAL | 0x40);
    assert_int_equal(r.targets, 7);
    assert_false(r.direct);
}

static void logical_destination_of_own_cpus_goes_out_directly(void **state)
{
    (void)state;
    struct icr_request r = decode(TO(0x00000030) | ICR_LOGICAL | 0x40);
    assert_int_equal(r.action, ICR_SEND);
    assert_int_equal(r.targets, 3);
    assert_true(r.direct);
    assert_int_equal(r.hardware, TO(0x30) | ICR_LOGICAL | ICR_ASSERT | 0x40);
    r = decode(TO(0x00010004) | ICR_LOGICAL | 0x40);
    assert_int_equal(r.targets, BIT(2));
    assert_int_equal(r.hardware, icr_fixed(0x40, 18));
}

static void logical_destination_is_cut_to_own_cpus(void **state)
{
    (void)state;
    struct icr_request r = decode(TO(0x000000ff) | ICR_LOGICAL | 0x40);
    assert_int_equal(r.action, ICR_SEND);
    assert_int_equal(r.targets, 3);
    assert_false(r.direct);
    r = decode(TO(0x0000001f) | ICR_LOGICAL | 0x40);
    assert_int_equal(r.targets, 1);
    assert_int_equal(r.hardware, icr_fixed(0x40, 4));
    r = decode(TO(0x0000000f) | ICR_LOGICAL | 0x40);
    assert_int_equal(r.action, ICR_REFUSED);
    r = decode(TO(0x00000000) | ICR_LOGICAL | 0x40);
    assert_int_equal(r.action, ICR_NOTHING);
}

static void lowest_priority_goes_to_one_cpu(void **state)
{
    (void)state;
    struct icr_request r = decode(TO(0x30) | ICR_LOGICAL | MODE(APIC_MODE_LOWEST_PRIORITY) | 0x40);
    assert_int_equal(r.action, ICR_SEND);
    assert_int_equal(r.targets, 1);
    assert_int_equal(r.hardware, icr_fixed(0x40, 4));
}

static void init_sipi_and_nmi_become_requests_to_vcpus(void **state)
{
    (void)state;
    struct icr_request r = decode(TO(18) | MODE(APIC_MODE_INIT) | ICR_ASSERT | ICR_LEVEL);
    assert_int_equal(r.action, ICR_INIT);
    assert_int_equal(r.targets, BIT(2));
    r = decode(TO(18) | MODE(APIC_MODE_STARTUP) | ICR_ASSERT | 0x9a);
    assert_int_equal(r.action, ICR_STARTUP);
    assert_int_equal(r.targets, BIT(2));
    assert_int_equal(r.vector, 0x9a);
    r = decode(SHORTHAND(3) | MODE(APIC_MODE_STARTUP) | 0);
    assert_int_equal(r.action, ICR_STARTUP);
    assert_int_equal(r.targets, 5);
    r = decode(TO(5) | MODE(APIC_MODE_NMI));
    assert_int_equal(r.action, ICR_NMI);
    assert_int_equal(r.targets, BIT(1));
    assert_false(r.direct);
}

static void init_level_deassert_does_nothing(void **state)
{
    (void)state;
    assert_int_equal(decode(TO(18) | MODE(APIC_MODE_INIT) | ICR_LEVEL).action, ICR_NOTHING);
    assert_int_equal(decode(SHORTHAND(2) | MODE(APIC_MODE_INIT) | ICR_LEVEL).action, ICR_REFUSED);
    assert_int_equal(decode(TO(18) | MODE(APIC_MODE_INIT)).action, ICR_INIT);
}

/* "Valid Combinations": rows are modes, columns shorthands none, self, all, others. */
static void shorthands_are_valid_as_the_manual_says(void **state)
{
    (void)state;
    static const bool valid[8][4] = {
        [APIC_MODE_FIXED] = {true, true, true, true},
        [APIC_MODE_LOWEST_PRIORITY] = {true, false, false, true},
        [APIC_MODE_NMI] = {true, false, false, true},
        [APIC_MODE_INIT] = {true, false, false, true},
        [APIC_MODE_STARTUP] = {true, false, false, true},
    };
    for (unsigned mode = 0; mode < 8; mode++) {
        for (unsigned shorthand = 0; shorthand < 4; shorthand++) {
            struct icr_request r =
                decode(TO(4) | MODE(mode) | SHORTHAND(shorthand) | ICR_ASSERT | 0x40);
            assert_int_equal(r.action != ICR_REFUSED, valid[mode][shorthand]);
        }
    }
}

static void vectors_below_16_are_refused(void **state)
{
    (void)state;
    for (unsigned vector = 0; vector < 256; vector++) {
        struct icr_request r = decode(TO(4) | vector);
        assert_int_equal(r.action, vector < 16 ? ICR_REFUSED : ICR_SEND);
    }
    assert_int_equal(decode(TO(4) | MODE(APIC_MODE_STARTUP) | 1).action, ICR_STARTUP);
}

static void reserved_bits_fault(void **state)
{
    (void)state;
    static const unsigned reserved[] = {12, 13, 16, 17, 20, 21, 25, 31};
    for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
        assert_int_equal(decode(TO(4) | 0x40 | BIT(reserved[i])).action, ICR_FAULT);
    }
}

static void trigger_mode_never_reaches_hardware(void **state)
{
    (void)state;
    struct icr_request r = decode(TO(4) | 0x40 | ICR_LEVEL);
    assert_int_equal(r.hardware, icr_fixed(0x40, 4));
    r = decode(TO(0x30) | ICR_LOGICAL | 0x40 | ICR_LEVEL | ICR_ASSERT);
    assert_int_equal(r.hardware, TO(0x30) | ICR_LOGICAL | ICR_ASSERT | 0x40);
}

/* The VM's CPUs that the physical ICR would send to; fails when it would reach another one. */
static uint64_t reached_by_hardware(uint64_t icr, uint32_t self_id)
{
    bool foreign = false;
    uint32_t to = (uint32_t)(icr >> 32);
    assert_int_equal(icr & ICR_DELIVERY_MODE, 0);
    if (icr & ICR_SHORTHAND_SELF) {
        assert_int_equal(icr & ICR_SHORTHAND & ~(uint64_t)ICR_SHORTHAND_SELF, 0);
        return BIT(apic_map_find(&map, self_id));
    }
    assert_int_equal(icr & ICR_SHORTHAND, 0);
    assert_int_not_equal(to, ICR_BROADCAST);
    if (!(icr & ICR_LOGICAL)) {
        assert_int_not_equal(apic_map_find(&map, to), APIC_MAP_NONE);
        return BIT(apic_map_find(&map, to));
    }
    uint64_t targets = apic_map_logical(&map, to, &foreign);
    assert_false(foreign);
    return targets;
}

/* Whatever is written, what goes to hardware is a fixed interrupt to own CPUs. */
static void hardware_values_are_always_fixed_and_addressed(void **state)
{
    (void)state;
    uint64_t seed = 1;
    unsigned plain = 0;
    for (unsigned i = 0; i < 200000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t value = seed ^ seed >> 29;
        value = i % 2 ? value & ~(MASK(31, 20) | MASK(17, 16) | MASK(13, 12)) : value;
        value = i % 4 ? value & ~MASK(63, 38) : value;
        value = i % 8 ? value : value & ~(MASK(63, 49) | MASK(47, 38) | MASK(35, 32));
        struct icr_request r = decode(value);
        assert_int_equal(r.targets & ~UINT64_C(7), 0);
        if (r.direct) {
            assert_int_equal(r.action, ICR_SEND);
            assert_int_equal(r.hardware & MASK(31, 0) & ~(ICR_VECTOR | ICR_LOGICAL), ICR_ASSERT);
            assert_true(r.vector >= 16);
            assert_int_equal(reached_by_hardware(r.hardware, 5), r.targets);
        }
        assert_int_equal(r.action == ICR_REFUSED, r.reason != NULL);
        if (icr_is_plain(&map, value)) {
            assert_int_equal(r.action, ICR_SEND);
            assert_int_equal(reached_by_hardware(value, 5), r.targets);
            plain++;
        }
    }
    assert_true(plain > 100);
}

static void plain_form_is_recognised(void **state)
{
    (void)state;
    assert_true(icr_is_plain(&map, icr_fixed(0xfd, 4)));
    assert_true(icr_is_plain(&map, TO(4) | 0x10));
    assert_false(icr_is_plain(&map, TO(4) | 0x0f));
    assert_false(icr_is_plain(&map, TO(3) | 0x40));
    assert_false(icr_is_plain(&map, TO(4) | 0x40 | ICR_LOGICAL));
    assert_true(icr_is_plain(&map, TO(0x30) | 0x40 | ICR_LOGICAL));
    assert_true(icr_is_plain(&map, TO(0x10004) | 0x40 | ICR_LOGICAL));
    assert_false(icr_is_plain(&map, TO(0x10006) | 0x40 | ICR_LOGICAL));
    assert_false(icr_is_plain(&map, TO(0x10000) | 0x40 | ICR_LOGICAL));
    assert_false(icr_is_plain(&map, TO(0x20004) | 0x40 | ICR_LOGICAL));
    assert_false(icr_is_plain(&map, TO(0x30) | 0x0f | ICR_LOGICAL));
    assert_false(icr_is_plain(&map, TO(ICR_BROADCAST) | 0x40 | ICR_LOGICAL));
    assert_false(icr_is_plain(&map, TO(4) | 0x40 | SHORTHAND(3)));
    assert_false(icr_is_plain(&map, TO(4) | 0x40 | MODE(APIC_MODE_NMI)));
    assert_true(icr_is_plain(&map, SHORTHAND(1) | 0x10));
    assert_true(icr_is_plain(&map, TO(77) | SHORTHAND(1) | ICR_ASSERT | 0xff));
    assert_false(icr_is_plain(&map, SHORTHAND(1) | 0x0f));
    assert_false(icr_is_plain(&map, SHORTHAND(1) | 0x40 | ICR_LOGICAL));
    assert_false(icr_is_plain(&map, SHORTHAND(1) | 0x40 | MODE(APIC_MODE_SMI)));
    assert_false(icr_is_plain(&map, SHORTHAND(1) | 0x40 | BIT(20)));
    assert_false(icr_is_plain(&map, SHORTHAND(2) | 0x40));
    assert_false(icr_is_plain(&map, TO(4) | 0x40 | ICR_LEVEL));
    assert_false(icr_is_plain(&map, TO(ICR_BROADCAST) | 0x40));
}

/* ---- the xAPIC page ---- */

#define XTO(id) ((uint64_t)(id) << 56)

static const struct xapic_logical flat[] = {
    {0x01, XAPIC_MODEL_FLAT}, {0x02, XAPIC_MODEL_FLAT}, {0x04, XAPIC_MODEL_FLAT}};
static const struct xapic_logical cluster[] = {
    {0x01, XAPIC_MODEL_CLUSTER}, {0x12, XAPIC_MODEL_CLUSTER}, {0x11, XAPIC_MODEL_CLUSTER}};

static void xapic_physical_destinations_are_8_bits(void **state)
{
    (void)state;
    struct icr_request r = icr_decode_xapic(&map, 0, XTO(18) | 0x40, flat);
    assert_int_equal(r.action, ICR_SEND);
    assert_int_equal(r.hardware, icr_fixed(0x40, 18));
    r = icr_decode_xapic(&map, 0, XTO(3) | 0x40, flat);
    assert_int_equal(r.action, ICR_REFUSED);
    r = icr_decode_xapic(&map, 0, XTO(0xff) | 0x40, flat);
    assert_int_equal(r.targets, 7);
}

static void xapic_flat_model_matches_by_bit(void **state)
{
    (void)state;
    struct icr_request r = icr_decode_xapic(&map, 0, XTO(0x06) | ICR_LOGICAL | 0x40, flat);
    assert_int_equal(r.targets, 6);
    assert_false(r.direct);
    r = icr_decode_xapic(&map, 0, XTO(0x04) | ICR_LOGICAL | 0x40, flat);
    assert_int_equal(r.hardware, icr_fixed(0x40, 18));
    r = icr_decode_xapic(&map, 0, XTO(0x80) | ICR_LOGICAL | 0x40, flat);
    assert_int_equal(r.action, ICR_NOTHING);
}

static void xapic_cluster_model_matches_cluster_and_bit(void **state)
{
    (void)state;
    struct icr_request r = icr_decode_xapic(&map, 0, XTO(0x13) | ICR_LOGICAL | 0x40, cluster);
    assert_int_equal(r.targets, 6);
    r = icr_decode_xapic(&map, 0, XTO(0x01) | ICR_LOGICAL | 0x40, cluster);
    assert_int_equal(r.targets, 1);
    r = icr_decode_xapic(&map, 0, XTO(0x23) | ICR_LOGICAL | 0x40, cluster);
    assert_int_equal(r.action, ICR_NOTHING);
}

static void xapic_ignores_reserved_bits_and_refuses_smi(void **state)
{
    (void)state;
    struct icr_request r =
        icr_decode_xapic(&map, 0, XTO(4) | 0x40 | BIT(12) | BIT(20) | BIT(40), flat);
    assert_int_equal(r.action, ICR_SEND);
    r = icr_decode_xapic(&map, 0, XTO(4) | MODE(APIC_MODE_SMI), flat);
    assert_int_equal(r.action, ICR_REFUSED);
    r = icr_decode_xapic(&map, 1, SHORTHAND(3) | MODE(APIC_MODE_INIT) | ICR_ASSERT, flat);
    assert_int_equal(r.action, ICR_INIT);
    assert_int_equal(r.targets, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_to_own_cpu_goes_out_directly),
        cmocka_unit_test(fixed_to_a_foreign_cpu_is_refused),
        cmocka_unit_test(nmi_init_and_sipi_to_a_foreign_cpu_are_refused),
        cmocka_unit_test(smi_is_refused_in_every_form),
        cmocka_unit_test(extint_and_remote_read_are_refused),
        cmocka_unit_test(self_shorthand_sends_to_the_sender),
        cmocka_unit_test(all_shorthands_reach_this_vm_only),
        cmocka_unit_test(broadcast_id_reaches_this_vm_only),
        cmocka_unit_test(logical_destination_of_own_cpus_goes_out_directly),
        cmocka_unit_test(logical_destination_is_cut_to_own_cpus),
        cmocka_unit_test(lowest_priority_goes_to_one_cpu),
        cmocka_unit_test(init_sipi_and_nmi_become_requests_to_vcpus),
        cmocka_unit_test(init_level_deassert_does_nothing),
        cmocka_unit_test(shorthands_are_valid_as_the_manual_says),
        cmocka_unit_test(vectors_below_16_are_refused),
        cmocka_unit_test(reserved_bits_fault),
        cmocka_unit_test(trigger_mode_never_reaches_hardware),
        cmocka_unit_test(hardware_values_are_always_fixed_and_addressed),
        cmocka_unit_test(plain_form_is_recognised),
        cmocka_unit_test(xapic_physical_destinations_are_8_bits),
        cmocka_unit_test(xapic_flat_model_matches_by_bit),
        cmocka_unit_test(xapic_cluster_model_matches_cluster_and_bit),
        cmocka_unit_test(xapic_ignores_reserved_bits_and_refuses_smi),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
