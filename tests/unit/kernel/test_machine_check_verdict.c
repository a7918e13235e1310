/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/machine_check_verdict.c */
/* What machine checks mean, on the CPU they hit and on those that a broadcast merely interrupts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/machine_check_verdict.h"

#define CAP_SER     (MCG_CAP_SER_P | 20)
#define BYSTANDER   MCG_STATUS_RIPV /* as every CPU has it that a broadcast interrupts */
#define DATA_LOAD   MCG_STATUS_EIPV /* as the manual's table has it for the CPU that read poison */
#define FETCH       0

#define UNCORRECTED (MCI_STATUS_VAL | MCI_STATUS_UC | MCI_STATUS_EN)
#define ADDRESSED   (MCI_STATUS_ADDRV | MCI_STATUS_MISCV)
#define SRAR        (UNCORRECTED | ADDRESSED | MCI_STATUS_S | MCI_STATUS_AR | 0x134)
#define SRAO        (UNCORRECTED | ADDRESSED | MCI_STATUS_S | 0xc0)
#define UCNA        (UNCORRECTED | ADDRESSED | 0x9f)
#define CORRECTED   (MCI_STATUS_VAL | MCI_STATUS_EN | ADDRESSED | 0x9f)
#define PHYSICAL    (2 << 6 | 6) /* MISC: a line of a physical address */

/* Where things are in the machine of these tests. */
#define BULKHEAD_HPA UINT64_C(0x4000000)
#define NOBODY_HPA   UINT64_C(0x9000000)
#define A_HPA        UINT64_C(0x10000000)
#define B_LOW_HPA    UINT64_C(0x20000000)
#define B_HIGH_HPA   UINT64_C(0x140000000)
#define B_BAR        UINT64_C(0x80040000)

static struct boot_info info;
static struct mc_context context;
static struct mc_verdict verdict;
static struct mc_owner owner;

static int begin(void **state)
{
    (void)state;
    memset(&info, 0, sizeof(info));
    info.memory_count = 2;
    info.memory[0] = (struct boot_memory){HPA(BULKHEAD_HPA), MIB(2), BOOT_MEMORY_BULKHEAD};
    info.memory[1] = (struct boot_memory){HPA(A_HPA), GIB(1), BOOT_MEMORY_FREE};
    info.plan.vm_count = 2;
    struct vm_plan *a = &info.plan.vms[0];
    struct vm_plan *b = &info.plan.vms[1];
    a->memory_count = 1;
    a->memory[0] = (struct vm_memory){GPA(0), HPA(A_HPA), MIB(16)};
    b->memory_count = 2;
    b->memory[0] = (struct vm_memory){GPA(0), HPA(B_LOW_HPA), MIB(64)};
    b->memory[1] = (struct vm_memory){GPA(GIB(4)), HPA(B_HIGH_HPA), MIB(64)};
    b->pci_count = 1;
    b->pci[0].bars[0] = (struct vm_pci_bar){.address = 0xc000, .size = 64, .io = true};
    b->pci[0].bars[2] = (struct vm_pci_bar){.address = B_BAR, .size = KIB(128)};
    context = (struct mc_context){&info, CAP_SER, BYSTANDER, true};
    memset(&verdict, 0, sizeof(verdict));
    return 0;
}

/* One machine check of a CPU with one bank that holds an error. */
static void check(uint64_t mcg_status, uint64_t status, uint64_t address, uint64_t misc)
{
    struct mc_bank bank = {1, status, address, misc};
    context.status = mcg_status;
    mc_judge_bank(&verdict, &context, &bank, &owner);
    mc_judge_context(&verdict, &context);
}

static void assert_verdict(uint32_t owners, bool end_ran, bool panics)
{
    assert_int_equal(verdict.owners, owners);
    assert_int_equal(verdict.end_ran, end_ran);
    assert_int_equal(verdict.panic != NULL, panics);
}

/* ---- the address ---- */

static void owner_is_whose_memory_holds_the_address(void **state)
{
    (void)state;
    static const struct {
        uint64_t hpa;
        enum mc_owner_kind kind;
        uint32_t vm;
        uint64_t gpa;
    } cases[] = {
        {A_HPA, MC_OWNER_VM, 0, 0},
        {A_HPA + MIB(16) - 1, MC_OWNER_VM, 0, MIB(16) - 1},
        {A_HPA + MIB(16), MC_OWNER_NOBODY, 0, 0}, /* free, but given to no VM */
        {A_HPA - 1, MC_OWNER_NOBODY, 0, 0},
        {B_LOW_HPA + 0x1040, MC_OWNER_VM, 1, 0x1040},
        {B_HIGH_HPA + 0x2000, MC_OWNER_VM, 1, GIB(4) + 0x2000},
        {B_BAR + 0x1FFFF, MC_OWNER_VM, 1, B_BAR + 0x1FFFF},
        {B_BAR + 0x20000, MC_OWNER_NOBODY, 0, 0},
        {0xc000, MC_OWNER_NOBODY, 0, 0}, /* the number of a port */
        {0, MC_OWNER_NOBODY, 0, 0},      /* a BAR that does not exist */
        {BULKHEAD_HPA, MC_OWNER_BULKHEAD, 0, 0},
        {BULKHEAD_HPA + MIB(2), MC_OWNER_NOBODY, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct mc_owner found = mc_find_owner(&info, cases[i].hpa);
        assert_int_equal(found.kind, cases[i].kind);
        if (found.kind == MC_OWNER_VM) {
            assert_int_equal(found.vm, cases[i].vm);
            assert_int_equal(found.gpa.v, cases[i].gpa);
        }
    }
    assert_int_equal(mc_find_owner(NULL, A_HPA).kind, MC_OWNER_NOBODY);
}

static void poison_that_was_read_ends_the_vm_that_owns_it(void **state)
{
    (void)state;
    check(BYSTANDER, SRAR, B_LOW_HPA + 0x1040, PHYSICAL);
    assert_verdict(1 << 1, false, false);
    assert_int_equal(owner.gpa.v, 0x1040);
}

static void device_memory_counts_as_the_vms(void **state)
{
    (void)state;
    check(BYSTANDER, SRAR, B_BAR + 8, PHYSICAL);
    assert_verdict(1 << 1, false, false);
}

static void the_cpu_that_read_it_ends_its_vm_too(void **state)
{
    (void)state;
    check(DATA_LOAD, SRAR, A_HPA, PHYSICAL);
    assert_verdict(1 << 0, true, false);
    begin(NULL);
    check(FETCH, SRAR, A_HPA, PHYSICAL);
    assert_verdict(1 << 0, true, false);
}

static void each_bank_finds_its_own_vm(void **state)
{
    (void)state;
    struct mc_bank a = {1, SRAR, A_HPA, PHYSICAL};
    struct mc_bank b = {2, SRAR, B_HIGH_HPA, PHYSICAL};
    mc_judge_bank(&verdict, &context, &a, &owner);
    mc_judge_bank(&verdict, &context, &b, &owner);
    mc_judge_context(&verdict, &context);
    assert_verdict(1 << 0 | 1 << 1, false, false);
}

static void address_counts_only_if_physical_and_exact_to_a_page(void **state)
{
    (void)state;
    static const struct {
        uint64_t status;
        uint64_t misc;
    } useless[] = {
        {SRAR & ~MCI_STATUS_ADDRV, PHYSICAL},
        {SRAR & ~MCI_STATUS_MISCV, PHYSICAL},
        {SRAR, 0 << 6 | 6}, /* an offset in a segment */
        {SRAR, 1 << 6 | 6}, /* a linear address */
        {SRAR, 3 << 6 | 6}, /* an address of a memory module */
        {SRAR, 7 << 6 | 6}, /* generic */
        {SRAR, 2 << 6 | 13},
    };
    for (size_t i = 0; i < ARRAY_SIZE(useless); i++) {
        begin(NULL);
        check(DATA_LOAD, useless[i].status, B_LOW_HPA, useless[i].misc);
        assert_verdict(0, true, false); /* by what it interrupted, not by the address */
        assert_int_equal(owner.kind, MC_OWNER_NOBODY);
    }
    begin(NULL);
    check(BYSTANDER, SRAR, B_LOW_HPA, 2 << 6 | 12);
    assert_verdict(1 << 1, false, false);
}

static void without_an_owner_it_ends_whom_it_hits(void **state)
{
    (void)state;
    check(DATA_LOAD, SRAR, NOBODY_HPA, PHYSICAL);
    assert_verdict(0, true, false);
    begin(NULL);
    check(BYSTANDER, SRAR, NOBODY_HPA, PHYSICAL); /* that CPU's IA32_MCG_STATUS tells it */
    assert_verdict(0, false, false);
    begin(NULL);
    check(BYSTANDER | MCG_STATUS_LMCE_S, SRAR, NOBODY_HPA, PHYSICAL); /* no other CPU knows */
    assert_verdict(0, true, false);
}

static void poison_in_bulkheads_memory(void **state)
{
    (void)state;
    /* By a walk of second-level tables on a guest's behalf: root mode has not read it. */
    check(DATA_LOAD, SRAR, BULKHEAD_HPA, PHYSICAL);
    assert_verdict(0, true, false);
    begin(NULL);
    check(BYSTANDER, SRAR, BULKHEAD_HPA, PHYSICAL);
    assert_verdict(0, false, true);
    assert_string_equal(verdict.panic, "uncorrected error in Bulkhead's own memory");
    begin(NULL);
    check(BYSTANDER, SRAO, BULKHEAD_HPA, PHYSICAL);
    assert_verdict(0, false, false);
    assert_int_equal(owner.kind, MC_OWNER_BULKHEAD);
}

/* ---- kinds of errors ---- */

static void what_needs_no_action_ends_nobody(void **state)
{
    (void)state;
    static const struct {
        uint64_t status;
        const char *words;
    } harmless[] = {
        {CORRECTED, "corrected"},
        {CORRECTED | MCI_STATUS_OVER, "corrected"},
        {UCNA, "uncorrected, no action required"},
        {UCNA | MCI_STATUS_OVER, "uncorrected, no action required"},
        {SRAO, "uncorrected, action optional"},
        {SRAO | MCI_STATUS_OVER, "uncorrected, action optional"},
        {(SRAR & ~MCI_STATUS_EN) | MCI_STATUS_PCC, "uncorrected, not signalled"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
        struct mc_bank bank = {1, harmless[i].status, A_HPA, PHYSICAL};
        begin(NULL);
        assert_false(mc_judge_bank(&verdict, &context, &bank, &owner));
        mc_judge_context(&verdict, &context);
        assert_verdict(0, false, false);
        assert_int_equal(owner.kind, MC_OWNER_VM); /* the log names it all the same */
        assert_string_equal(mc_bank_words(CAP_SER, harmless[i].status), harmless[i].words);
    }
}

static void corrupt_context_is_a_panic(void **state)
{
    (void)state;
    check(BYSTANDER, SRAR | MCI_STATUS_PCC, A_HPA, PHYSICAL);
    assert_verdict(0, false, true);
    assert_string_equal(verdict.panic, "the processor's context is corrupt");
    begin(NULL);
    check(BYSTANDER, CORRECTED | MCI_STATUS_PCC, A_HPA, PHYSICAL);
    assert_verdict(0, false, true);
}

static void an_error_that_needed_action_and_is_lost_is_a_panic(void **state)
{
    (void)state;
    check(BYSTANDER, SRAR | MCI_STATUS_OVER, A_HPA, PHYSICAL);
    assert_verdict(0, false, true);
    begin(NULL);
    context.cap = 9;
    check(BYSTANDER, UNCORRECTED | MCI_STATUS_OVER, 0, 0);
    assert_verdict(0, false, true);
}

static void without_ser_p_only_the_context_tells_whom_it_hits(void **state)
{
    (void)state;
    const uint64_t status = UNCORRECTED | ADDRESSED | MCI_STATUS_S; /* S: reserved there */
    context.cap = 9;
    check(DATA_LOAD, status, B_LOW_HPA, PHYSICAL);
    assert_verdict(0, true, false);
    begin(NULL);
    context.cap = 9;
    check(BYSTANDER, status, B_LOW_HPA, PHYSICAL);
    assert_verdict(0, false, true);
    begin(NULL);
    context.cap = 9;
    check(BYSTANDER, CORRECTED, B_LOW_HPA, PHYSICAL);
    assert_verdict(0, false, false);
}

/* ---- contexts ---- */

static void a_bystander_goes_on(void **state)
{
    (void)state;
    for (int guest = 0; guest < 2; guest++) {
        begin(NULL);
        context.guest = guest;
        mc_judge_context(&verdict, &context);
        assert_verdict(0, false, false);
    }
}

static void context_that_is_hit_ends_though_another_cpu_has_cleared_the_bank(void **state)
{
    (void)state;
    static const uint64_t hit[] = {0, MCG_STATUS_EIPV, MCG_STATUS_RIPV | MCG_STATUS_EIPV,
                                   MCG_STATUS_MCIP};
    for (size_t i = 0; i < ARRAY_SIZE(hit); i++) {
        begin(NULL);
        context.status = hit[i];
        mc_judge_context(&verdict, &context);
        assert_verdict(0, true, false);
        begin(NULL);
        context.status = hit[i];
        context.guest = false;
        mc_judge_context(&verdict, &context);
        assert_verdict(0, false, true);
    }
}

static void root_mode_as_bystander_ends_the_owner_and_goes_on(void **state)
{
    (void)state;
    context.guest = false;
    check(BYSTANDER | MCG_STATUS_MCIP, SRAR, B_LOW_HPA, PHYSICAL);
    assert_verdict(1 << 1, false, false);
}

static void root_mode_that_read_poison_panics_whoever_owns_it(void **state)
{
    (void)state;
    context.guest = false;
    check(DATA_LOAD, SRAR, B_LOW_HPA, PHYSICAL);
    assert_verdict(1 << 1, false, true);
    begin(NULL);
    context.guest = false;
    check(BYSTANDER | MCG_STATUS_LMCE_S, SRAR, NOBODY_HPA, PHYSICAL);
    assert_verdict(0, false, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(owner_is_whose_memory_holds_the_address, begin),
        cmocka_unit_test_setup(poison_that_was_read_ends_the_vm_that_owns_it, begin),
        cmocka_unit_test_setup(device_memory_counts_as_the_vms, begin),
        cmocka_unit_test_setup(the_cpu_that_read_it_ends_its_vm_too, begin),
        cmocka_unit_test_setup(each_bank_finds_its_own_vm, begin),
        cmocka_unit_test_setup(address_counts_only_if_physical_and_exact_to_a_page, begin),
        cmocka_unit_test_setup(without_an_owner_it_ends_whom_it_hits, begin),
        cmocka_unit_test_setup(poison_in_bulkheads_memory, begin),
        cmocka_unit_test_setup(what_needs_no_action_ends_nobody, begin),
        cmocka_unit_test_setup(corrupt_context_is_a_panic, begin),
        cmocka_unit_test_setup(an_error_that_needed_action_and_is_lost_is_a_panic, begin),
        cmocka_unit_test_setup(without_ser_p_only_the_context_tells_whom_it_hits, begin),
        cmocka_unit_test_setup(a_bystander_goes_on, begin),
        cmocka_unit_test_setup(context_that_is_hit_ends_though_another_cpu_has_cleared_the_bank,
                               begin),
        cmocka_unit_test_setup(root_mode_as_bystander_ends_the_owner_and_goes_on, begin),
        cmocka_unit_test_setup(root_mode_that_read_poison_panics_whoever_owns_it, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
