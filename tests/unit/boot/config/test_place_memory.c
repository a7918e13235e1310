/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/fault_plan.c */
/* links: tests/unit/boot/config/fixture.c boot/config/%.c boot/image/%.c kernel/printf.c libfdt */
/*
 * Where VMs' memory is: what every plan must keep (checked for many machines made at random), and
 * the choices: few pieces, large pages, near nodes, 1:1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/config/place.h"
#include "drivers/guest_platform.h"
#include "tests/unit/boot/config/fixture.h"

#define VM(name, properties)                                                                       \
    name " { compatible = \"bulkhead,domain\"; cpus = <1>; " properties                            \
         " kernel { compatible = \"module,kernel\"; file = \"k\"; }; };"

static void set_ram(uint32_t count, const struct config_ram *ram)
{
    machine_with("");
    machine.ram_count = count;
    memcpy(machine.ram, ram, count * sizeof(*ram));
}

#define RAM(...)                                                                                   \
    set_ram(ARRAY_SIZE(((struct config_ram[]){__VA_ARGS__})), (struct config_ram[]){__VA_ARGS__})

static void assert_piece(uint32_t vm, uint32_t index, uint64_t gpa, uint64_t hpa, uint64_t size)
{
    assert_true(index < placed.vms[vm].memory_count);
    const struct vm_memory *piece = &placed.vms[vm].memory[index];
    assert_int_equal(piece->gpa.v, gpa);
    assert_int_equal(piece->hpa.v, hpa);
    assert_int_equal(piece->size, size);
}

/* ---- what every plan keeps ---- */

static bool inside_free_ram(const struct vm_memory *piece)
{
    for (uint32_t i = 0; i < machine.ram_count; i++) {
        const struct config_ram *ram = &machine.ram[i];
        if (piece->hpa.v >= ram->hpa.v && piece->hpa.v - ram->hpa.v < ram->size &&
            piece->size <= ram->hpa.v + ram->size - piece->hpa.v) {
            return true;
        }
    }
    return false;
}

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

static void assert_piece_is_sound(const struct vm_memory *piece, bool one_to_one)
{
    assert_true(is_aligned(piece->gpa.v | piece->hpa.v | piece->size, PAGE_SIZE));
    assert_true(piece->size > 0 && piece->hpa.v >= MIB(1));
    assert_true(inside_free_ram(piece));
    assert_false(overlap(piece->gpa.v, piece->size, GUEST_HOLE, GUEST_HOLE_END - GUEST_HOLE));
    if (one_to_one) {
        assert_true(piece->gpa.v == piece->hpa.v ||
                    piece->gpa.v + piece->size <= CONFIG_DMA_LOW_SIZE);
    }
}

static void assert_plan_is_sound(void)
{
    for (uint32_t v = 0; v < placed.vm_count; v++) {
        const struct vm_plan *vm = &placed.vms[v];
        uint64_t sum = 0;
        assert_true(vm->memory_count <= VM_MEMORY_MAX);
        assert_int_equal(vm->memory[0].gpa.v, 0);
        for (uint32_t i = 0; i < vm->memory_count; i++) {
            const struct vm_memory *piece = &vm->memory[i];
            assert_piece_is_sound(piece, (vm->flags & VM_FLAG_UNSAFE_DMA) != 0);
            sum += piece->size;
            assert_true(i == 0 || vm->memory[i - 1].gpa.v + vm->memory[i - 1].size <= piece->gpa.v);
            for (uint32_t w = 0; w <= v; w++) {
                for (uint32_t j = 0; j < (w == v ? i : placed.vms[w].memory_count); j++) {
                    const struct vm_memory *other = &placed.vms[w].memory[j];
                    assert_false(overlap(piece->hpa.v, piece->size, other->hpa.v, other->size));
                }
            }
        }
        assert_int_equal(sum, config.vms[v].memory);
    }
}

static uint64_t random_state = 88172645463325252;

static uint64_t random_below(uint64_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % bound;
}

static void make_random_machine(void)
{
    uint64_t at = 0;
    uint32_t count = 1 + (uint32_t)random_below(12);
    machine.ram_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        at += random_below(GIB(1)) & ~(PAGE_SIZE - 1);
        uint64_t size =
            (PAGE_SIZE + random_below(i % 3 == 0 ? GIB(3) : MIB(64))) & ~(PAGE_SIZE - 1);
        machine.ram[machine.ram_count++] =
            (struct config_ram){HPA(at), size, (uint32_t)random_below(2)};
        at += size;
    }
    for (uint32_t i = 0; i < machine.cpu_count; i++) {
        machine.cpus[i].node = (uint32_t)random_below(2);
    }
}

static void plans_of_random_machines_are_sound_and_repeat(void **state)
{
    (void)state;
    static struct machine_plan again;
    uint32_t good = 0;
    machine_with("");
    parse_with("a { unsafe-dma; pci = \"00:03.0\"; };" VM("b", "memory = \"32M\";")
                   VM("c", "memory = \"8M\";"));
    for (int round = 0; round < 20000; round++) {
        config_report_init(&report);
        make_random_machine();
        for (uint32_t v = 0; v < config.vm_count; v++) {
            uint64_t most = random_below(4) == 0 ? GIB(5) : MIB(300);
            config.vms[v].memory = (MIB(1) + random_below(most)) & ~(PAGE_SIZE - 1);
        }
        if (!config_place(&config, &machine, &placed, &report)) {
            assert_int_equal(report.errors, 1);
            continue;
        }
        good++;
        assert_plan_is_sound();
        assert_true(config_place(&config, &machine, &again, &report));
        assert_memory_equal(&placed, &again, sizeof(placed));
    }
    assert_true(good > 5000);
}

/* ---- choices ---- */

static void memory_is_one_piece_of_2_mib_pages(void **state)
{
    (void)state;
    RAM({HPA(MIB(1)), MIB(200), 0});
    assert_true(place_with("a { memory = \"64M\"; };"));
    assert_no_problems();
    assert_int_equal(placed.vms[0].memory_count, 1);
    assert_piece(0, 0, 0, MIB(2), MIB(64));
}

static void memory_of_a_gib_is_aligned_for_1_gib_pages(void **state)
{
    (void)state;
    RAM({HPA(MIB(1)), GIB(3) - MIB(1), 0});
    assert_true(place_with("a { memory = \"2G\"; };"));
    assert_piece(0, 0, 0, GIB(1), GIB(2));
}

static void memory_that_cannot_have_1_gib_pages_gets_2_mib_pages(void **state)
{
    (void)state;
    RAM({HPA(MIB(3)), GIB(1) + MIB(8), 0});
    assert_true(place_with("a { memory = \"1G\"; };"));
    assert_int_equal(placed.vms[0].memory_count, 1);
    assert_piece(0, 0, 0, MIB(4), GIB(1));
}

static void memory_past_3_gib_goes_on_at_4_gib(void **state)
{
    (void)state;
    RAM({HPA(GIB(4)), GIB(8), 0});
    assert_true(place_with("a { memory = \"5G\"; };"));
    assert_int_equal(placed.vms[0].memory_count, 2);
    assert_piece(0, 0, 0, GIB(4), GIB(3));
    assert_piece(0, 1, GIB(4), GIB(7), GIB(2));
}

static void small_memory_goes_where_it_fits_best(void **state)
{
    (void)state;
    RAM({HPA(MIB(1)), MIB(500), 0}, {HPA(GIB(1)), MIB(16), 0});
    assert_true(place_with("a { memory = \"16M\"; };" VM("b", "memory = \"256M\";")));
    assert_piece(0, 0, 0, GIB(1), MIB(16));
    assert_piece(1, 0, 0, MIB(2), MIB(256));
}

static void scattered_memory_is_put_together_from_the_largest(void **state)
{
    (void)state;
    RAM({HPA(MIB(16)), MIB(32), 0}, {HPA(MIB(64)), MIB(64), 0}, {HPA(MIB(256)), MIB(32), 0});
    assert_true(place_with("a { memory = \"112M\"; };"));
    assert_int_equal(placed.vms[0].memory_count, 3);
    assert_piece(0, 0, 0, MIB(64), MIB(64));
    assert_piece(0, 1, MIB(64), MIB(16), MIB(32));
    assert_piece(0, 2, MIB(96), MIB(256), MIB(16));
}

static void crumbs_are_used_when_nothing_else_is_left(void **state)
{
    (void)state;
    RAM({HPA(MIB(1)), MIB(2) - KIB(4), 0}, {HPA(MIB(5)), MIB(2) - KIB(4), 0});
    assert_true(place_with("a { memory = \"3M\"; };"));
    assert_plan_is_sound();
    assert_int_equal(placed.vms[0].memory_count, 2);
}

static void memory_in_more_than_8_pieces_is_refused(void **state)
{
    (void)state;
    struct config_ram ram[10];
    for (uint32_t i = 0; i < 10; i++) {
        ram[i] = (struct config_ram){HPA(MIB(16) * (i + 1)), MIB(8), 0};
    }
    set_ram(10, ram);
    assert_true(place_with("a { memory = \"64M\"; };"));
    assert_int_equal(placed.vms[0].memory_count, 8);
    assert_false(place_with("a { memory = \"65M\"; };"));
    assert_report("error: /chosen/hypervisor/a: memory = 65 MiB: finds no room: 16 MiB left over "
                  "in 2 pieces; a VM can have 8; lower memory of this or another VM",
                  NULL);
}

static void memory_is_taken_from_the_node_of_the_cpus(void **state)
{
    (void)state;
    RAM({HPA(MIB(2)), MIB(256), 0}, {HPA(GIB(1)), MIB(256), 1});
    machine.cpus[2].node = 1;
    assert_true(place_with("a { /delete-property/ cpus; cpu-list = <2>; };" VM("b", "memory = "
                                                                                    "\"64M\";")));
    assert_no_problems();
    assert_piece(0, 0, 0, GIB(1), MIB(64));
    assert_piece(1, 0, 0, MIB(2), MIB(64));
}

static void memory_of_a_far_node_is_the_nearest_and_warned_of(void **state)
{
    (void)state;
    RAM({HPA(MIB(2)), MIB(16), 0}, {HPA(GIB(1)), MIB(256), 1}, {HPA(GIB(2)), MIB(256), 2});
    machine.distance[0][0] = 10;
    machine.distance[0][1] = 31;
    machine.distance[0][2] = 21;
    assert_true(place_with("a { memory = \"64M\"; };"));
    assert_report("warning: /chosen/hypervisor/a: memory: has 48 MiB on another NUMA node than its "
                  "CPUs, node 0; lower memory, or choose CPUs of another node with cpu-list",
                  NULL);
    assert_piece(0, 0, 0, MIB(2), MIB(16));
    assert_piece(0, 1, MIB(16), GIB(2), MIB(48));
}

static void of_equally_far_nodes_the_lowest_comes_first(void **state)
{
    (void)state;
    RAM({HPA(MIB(16)), MIB(64), 3}, {HPA(MIB(128)), MIB(64), 1}, {HPA(MIB(256)), MIB(64), 2});
    assert_true(place_with("a { memory = \"192M\"; };"));
    assert_piece(0, 0, 0, MIB(128), MIB(64));
    assert_piece(0, 1, MIB(64), MIB(256), MIB(64));
    assert_piece(0, 2, MIB(128), MIB(16), MIB(64));
}

static void unknown_distances_are_alike(void **state)
{
    (void)state;
    machine_with("");
    assert_int_equal(config_node_distance(&machine, 3, 3), 10);
    assert_int_equal(config_node_distance(&machine, 3, 4), 20);
    assert_int_equal(config_node_distance(&machine, 99, 4), 20);
}

/* ---- 1:1 ---- */

static bool place_dma(const char *memory, const char *others)
{
    char changes[1024];
    snprintf(changes, sizeof(changes), "a { unsafe-dma; pci = \"00:03.0\"; memory = \"%s\"; }; %s",
             memory, others);
    return place_with(changes);
}

static void a_1_to_1_vm_begins_as_low_as_possible(void **state)
{
    (void)state;
    RAM({HPA(MIB(1)), MIB(7), 0}, {HPA(MIB(9)), MIB(500), 0});
    assert_true(place_dma("64M", ""));
    assert_plan_is_sound();
    assert_int_equal(placed.vms[0].memory_count, 3);
    assert_piece(0, 1, MIB(1), MIB(1), MIB(7));
    assert_piece(0, 2, MIB(9), MIB(9), MIB(56));
    assert_int_equal(placed.vms[0].memory[0].size, CONFIG_DMA_LOW_SIZE);
    assert_true(placed.vms[0].memory[0].hpa.v != 0);
}

static void a_1_to_1_vm_chooses_before_larger_ones(void **state)
{
    (void)state;
    RAM({HPA(MIB(1)), MIB(511), 0});
    assert_true(place_dma("64M", VM("b", "memory = \"256M\";")));
    assert_piece(0, 1, MIB(1), MIB(1), MIB(63));
}

static void a_1_to_1_vm_leaves_the_device_hole_out(void **state)
{
    (void)state;
    RAM({HPA(GIB(3) - MIB(32)), MIB(64), 0}, {HPA(GIB(4)), MIB(512), 0});
    assert_true(place_dma("64M", ""));
    assert_plan_is_sound();
    assert_piece(0, 1, GIB(3) - MIB(32), GIB(3) - MIB(32), MIB(32));
    assert_piece(0, 2, GIB(4), GIB(4), MIB(31));
}

static void crumbs_give_way_to_larger_pieces_1_to_1(void **state)
{
    (void)state;
    struct config_ram ram[10];
    for (uint32_t i = 0; i < 10; i++) {
        ram[i] = (struct config_ram){HPA(MIB(16) * (i + 1)), i == 1 ? KIB(4) : MIB(8), 0};
    }
    set_ram(10, ram);
    assert_true(place_dma("57M", ""));
    assert_plan_is_sound();
    assert_int_equal(placed.vms[0].memory_count, 8);
    assert_piece(0, 1, MIB(16), MIB(16), MIB(8));
    assert_piece(0, 2, MIB(48), MIB(48), MIB(8));
}

static void of_two_crumbs_the_higher_gives_way_1_to_1(void **state)
{
    (void)state;
    struct config_ram ram[10];
    for (uint32_t i = 0; i < 10; i++) {
        ram[i] = (struct config_ram){HPA(MIB(16) * (i + 1)), i == 1 || i == 3 ? KIB(4) : MIB(8), 0};
    }
    set_ram(10, ram);
    assert_true(place_dma("48M", ""));
    assert_plan_is_sound();
    assert_piece(0, 2, MIB(32), MIB(32), KIB(4));
    assert_piece(0, 4, MIB(80), MIB(80), MIB(8));
}

static void a_1_to_1_vm_without_room_is_refused(void **state)
{
    (void)state;
    RAM({HPA(GIB(3)), MIB(512), 0});
    assert_false(place_dma("64M", ""));
    assert_report("error: /chosen/hypervisor/a: memory = 64 MiB: finds no room at its own "
                  "addresses, as unsafe-dma needs: 512 MiB left over in 1 piece; a VM can have 8; "
                  "lower memory of this or another VM",
                  NULL);
}

static void a_1_to_1_vm_of_1_mib_has_the_low_piece_only(void **state)
{
    (void)state;
    RAM({HPA(MIB(4)), MIB(4), 0});
    assert_true(place_dma("1M", ""));
    assert_int_equal(placed.vms[0].memory_count, 1);
    assert_piece(0, 0, 0, MIB(4), MIB(1));
}

static void a_flat_image_has_its_rom_below_4_gib(void **state)
{
    (void)state;
    static const uint8_t rom[KIB(128)] = {0x90};
    RAM({HPA(MIB(1)), MIB(500), 0});
    parse_with("a { protocol = \"flat\"; };");
    config.files[0].state = CONFIG_FILE_READ;
    config.files[0].image = (struct image_file){rom, sizeof(rom), HPA(0)};
    config_check(&config, &machine, &report);
    assert_no_problems();
    assert_true(config_place(&config, &machine, &placed, &report));
    assert_int_equal(placed.vms[0].memory_count, 2);
    assert_int_equal(placed.vms[0].memory[1].gpa.v, GIB(4) - KIB(128));
    assert_int_equal(placed.vms[0].memory[1].size, KIB(128));
    assert_int_equal(placed.vms[0].memory[0].size, MIB(64));
}

/* ---- memory that goes bad on purpose ---- */

static void poison_must_be_ram(void **state)
{
    (void)state;
    machine_with("");
    assert_true(place_with("a { faults; fault-plan = \"poison=0x0 poison=0x3ffffff\"; };"));
    assert_no_problems();
    assert_false(
        place_with("a { faults; fault-plan = \"poison=0x4000000\", \"poison=0x1000\"; };"));
    assert_report(
        "error: /chosen/hypervisor/a: fault-plan = \"poison=0x4000000\": is no RAM of the "
        "VM; its first RAM is 0x0 to 0x3ffffff",
        NULL);
}

static int forget(void **state)
{
    (void)state;
    tree_forget();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_of_random_machines_are_sound_and_repeat),
        cmocka_unit_test(memory_is_one_piece_of_2_mib_pages),
        cmocka_unit_test(memory_of_a_gib_is_aligned_for_1_gib_pages),
        cmocka_unit_test(memory_that_cannot_have_1_gib_pages_gets_2_mib_pages),
        cmocka_unit_test(memory_past_3_gib_goes_on_at_4_gib),
        cmocka_unit_test(small_memory_goes_where_it_fits_best),
        cmocka_unit_test(scattered_memory_is_put_together_from_the_largest),
        cmocka_unit_test(crumbs_are_used_when_nothing_else_is_left),
        cmocka_unit_test(memory_in_more_than_8_pieces_is_refused),
        cmocka_unit_test(memory_is_taken_from_the_node_of_the_cpus),
        cmocka_unit_test(memory_of_a_far_node_is_the_nearest_and_warned_of),
        cmocka_unit_test(of_equally_far_nodes_the_lowest_comes_first),
        cmocka_unit_test(unknown_distances_are_alike),
        cmocka_unit_test(a_1_to_1_vm_begins_as_low_as_possible),
        cmocka_unit_test(a_1_to_1_vm_chooses_before_larger_ones),
        cmocka_unit_test(a_1_to_1_vm_leaves_the_device_hole_out),
        cmocka_unit_test(crumbs_give_way_to_larger_pieces_1_to_1),
        cmocka_unit_test(of_two_crumbs_the_higher_gives_way_1_to_1),
        cmocka_unit_test(a_1_to_1_vm_without_room_is_refused),
        cmocka_unit_test(a_1_to_1_vm_of_1_mib_has_the_low_piece_only),
        cmocka_unit_test(a_flat_image_has_its_rom_below_4_gib),
        cmocka_unit_test(poison_must_be_ram),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
