/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/apic_map.c kernel/string.c */
/* Finding a VM's CPUs by physical and by logical x2APIC id; never one of another VM. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/apic_map.h"

static const uint32_t ids[] = {6, 2, 0x102, 17, 16};

static struct apic_map make(void)
{
    struct apic_map map;
    apic_map_init(&map, ids, ARRAY_SIZE(ids));
    return map;
}

static void every_own_id_is_found(void **state)
{
    (void)state;
    struct apic_map map = make();
    for (uint32_t i = 0; i < ARRAY_SIZE(ids); i++) {
        assert_int_equal(apic_map_find(&map, ids[i]), i);
    }
}

static void every_other_id_is_not_found(void **state)
{
    (void)state;
    struct apic_map map = make();
    for (uint32_t id = 0; id < 0x300; id++) {
        bool own = id == 6 || id == 2 || id == 0x102 || id == 17 || id == 16;
        assert_int_equal(apic_map_find(&map, id) != APIC_MAP_NONE, own);
    }
    assert_int_equal(apic_map_find(&map, UINT32_MAX), APIC_MAP_NONE);
}

static void id_0_belongs_only_to_a_vm_that_has_it(void **state)
{
    (void)state;
    struct apic_map map = make();
    assert_int_equal(apic_map_find(&map, 0), APIC_MAP_NONE);
    uint32_t zero = 0;
    apic_map_init(&map, &zero, 1);
    assert_int_equal(apic_map_find(&map, 0), 0);
    assert_int_equal(apic_map_find(&map, 1), APIC_MAP_NONE);
}

static void all_means_as_many_as_there_are(void **state)
{
    (void)state;
    struct apic_map map = make();
    assert_int_equal(apic_map_all(&map), 0x1f);
    uint32_t many[CPU_MAX];
    for (uint32_t i = 0; i < CPU_MAX; i++) {
        many[i] = 3 * i;
    }
    apic_map_init(&map, many, CPU_MAX);
    assert_int_equal(apic_map_all(&map), UINT64_MAX);
    assert_int_equal(apic_map_find(&map, 3 * 63), 63);
    assert_int_equal(apic_map_find(&map, 1), APIC_MAP_NONE);
}

static void logical_id_is_cluster_and_member_of_the_physical_one(void **state)
{
    (void)state;
    assert_int_equal(apic_map_ldr(0), 0x00000001);
    assert_int_equal(apic_map_ldr(6), 0x00000040);
    assert_int_equal(apic_map_ldr(17), 0x00010002);
    assert_int_equal(apic_map_ldr(0x102), 0x00100004);
}

static void logical_destination_gives_own_cpus_and_tells_of_others(void **state)
{
    (void)state;
    struct apic_map map = make();
    bool foreign;
    assert_int_equal(apic_map_logical(&map, 1 << 6 | 1 << 2, &foreign), BIT(0) | BIT(1));
    assert_false(foreign);
    assert_int_equal(apic_map_logical(&map, 1 << 6 | 1 << 3, &foreign), BIT(0));
    assert_true(foreign);
    assert_int_equal(apic_map_logical(&map, 0x00010003, &foreign), BIT(3) | BIT(4));
    assert_false(foreign);
    assert_int_equal(apic_map_logical(&map, 0x00100004, &foreign), BIT(2));
    assert_false(foreign);
    assert_int_equal(apic_map_logical(&map, 0x00020001, &foreign), 0);
    assert_true(foreign);
    assert_int_equal(apic_map_logical(&map, 0, &foreign), 0);
    assert_false(foreign);
}

static void cluster_masks_hold_own_cpus_only(void **state)
{
    (void)state;
    struct apic_map map = make();
    for (uint32_t id = 0; id < 16 * APIC_MAP_CLUSTERS; id++) {
        bool own = apic_map_find(&map, id) != APIC_MAP_NONE;
        assert_int_equal(map.clusters[id / 16] >> (id % 16) & 1, own);
    }
    static const uint32_t high[] = {16 * APIC_MAP_CLUSTERS, 5, UINT32_MAX - 1};
    apic_map_init(&map, high, ARRAY_SIZE(high));
    assert_int_equal(map.clusters[0], 1 << 5);
    for (uint32_t i = 1; i < APIC_MAP_CLUSTERS; i++) {
        assert_int_equal(map.clusters[i], 0);
    }
}

static void each_cpu_answers_to_its_own_ldr(void **state)
{
    (void)state;
    struct apic_map map = make();
    for (uint32_t i = 0; i < ARRAY_SIZE(ids); i++) {
        bool foreign;
        assert_int_equal(apic_map_logical(&map, apic_map_ldr(ids[i]), &foreign), BIT(i));
        assert_false(foreign);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_own_id_is_found),
        cmocka_unit_test(every_other_id_is_not_found),
        cmocka_unit_test(id_0_belongs_only_to_a_vm_that_has_it),
        cmocka_unit_test(all_means_as_many_as_there_are),
        cmocka_unit_test(logical_id_is_cluster_and_member_of_the_physical_one),
        cmocka_unit_test(logical_destination_gives_own_cpus_and_tells_of_others),
        cmocka_unit_test(cluster_masks_hold_own_cpus_only),
        cmocka_unit_test(each_cpu_answers_to_its_own_ldr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
