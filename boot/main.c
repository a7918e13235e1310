/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulkhead.efi: what the firmware starts. Reads machine and configuration, complains about all that
 * is wrong, and only then leaves boot services and jumps to the kernel. Every failure before that
 * returns to the firmware, which goes on with its boot order.
 */
#include "boot/loader.h"

#include "kernel/cpu_regs.h"
#include "kernel/msr.h"
#include "kernel/string.h"
#include "version.h"

EFI_SYSTEM_TABLE *ST;
EFI_BOOT_SERVICES *BS;
uint64_t firmware_ticks;

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system_table);

#define EXIT_TRIES     8
#define READING_TIME_S 5 /* an error stays on the screen for so long, or until a key is pressed */

static struct boot_info info;

static void wait_for_reader(void)
{
    loader_print("Bulkhead does not start; back to the firmware in %d seconds or on a key",
                 READING_TIME_S);
    for (unsigned i = 0; i < READING_TIME_S * 10; i++) {
        EFI_INPUT_KEY key;
        if (ST->ConIn != NULL && ST->ConIn->ReadKeyStroke(ST->ConIn, &key) == EFI_SUCCESS) {
            return;
        }
        BS->Stall(100000);
    }
}

static EFI_STATUS give_up(EFI_STATUS status)
{
    wait_for_reader();
    loader_free_all();
    return status;
}

/* Things about the processor's state that the hand-off cannot cope with. */
static void check_processor_state(void)
{
    if (cpu_read_cr4() & CR4_LA57) {
        loader_error("the firmware runs with 5-level paging (CR4.LA57): switch it off in the "
                     "set-up");
    }
    if (!(cpu_cpuid(0x80000001, 0).edx & CPUID_80000001_EDX_NX)) {
        loader_error("the processor has no execute-disable bit, or it is switched off in the "
                     "set-up");
    }
}

/*
 * The memory map may change with every firmware call, ExitBootServices included. So the plan is
 * made from the very map that ExitBootServices accepts.
 */
static bool leave_boot_services(EFI_HANDLE image, struct kernel_image *kernel)
{
    for (unsigned i = 0; i < EXIT_TRIES; i++) {
        UINTN key = 0;
        if (!loader_read_memory_map(&info, &key)) {
            loader_error("the firmware's memory map cannot be read");
            return false;
        }
        if (!loader_make_plan(&info, false)) {
            return false;
        }
        kernel->info->plan = info.plan;
        kernel->info->memory_count = info.memory_count;
        memcpy(kernel->info->memory, info.memory, sizeof(info.memory));
        if (FIRMWARE(BS->ExitBootServices(image, key)) == EFI_SUCCESS) {
            return true;
        }
    }
    loader_error("the firmware refuses ExitBootServices");
    return false;
}

static void enter_kernel(struct kernel_image *kernel)
{
    struct boot_info *out = kernel->info;
    out->pool_used = kernel->pool.used;
    out->tsc_firmware = firmware_ticks;
    const char *log = loader_log(&out->log_size);
    memcpy(out->log, log, out->log_size);
    cpu_wrmsr(MSR_IA32_EFER, cpu_rdmsr(MSR_IA32_EFER) | EFER_NXE);
    handoff(kernel->tables.root.v, kernel->entry, kernel->info_virt);
}

/* Seconds since 1970 by the firmware's clock, taken as UTC unless it tells its zone; 0: none. */
static uint64_t firmware_time(void)
{
    EFI_TIME t;
    if (FIRMWARE(ST->RuntimeServices->GetTime(&t, NULL)) != EFI_SUCCESS || t.Year < 1970) {
        return 0;
    }
    /* Days from civil date, with the year beginning in March. */
    uint64_t year = t.Month <= 2 ? t.Year - 1U : t.Year;
    uint64_t month = t.Month <= 2 ? t.Month + 9U : t.Month - 3U;
    uint64_t days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 +
                    t.Day - 1 - 719468;
    uint64_t seconds = days * 86400 + t.Hour * 3600U + t.Minute * 60U + t.Second;
    if (t.TimeZone != EFI_UNSPECIFIED_TIMEZONE) {
        seconds += (uint64_t)((int64_t)t.TimeZone * 60);
    }
    return seconds;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system_table)
{
    static struct kernel_image kernel;
    info.magic = BOOT_INFO_MAGIC;
    info.size = sizeof(info);
    info.tsc_entry = cpu_rdtsc();
    ST = system_table;
    BS = ST->BootServices;
    info.boot_seconds = firmware_time();
    FIRMWARE(BS->SetWatchdogTimer(0, 0, 0, NULL));
    loader_print("Bulkhead %s: loader", BULKHEAD_VERSION);

    loader_read_former_run(&info);
    check_processor_state();
    loader_read_machine(&info);
    loader_check_cpus(&info);
    EFI_STATUS status = loader_open_volume(image);
    if (status != EFI_SUCCESS) {
        loader_error("the volume that Bulkhead was started from cannot be opened: %s",
                     efi_status_text(status));
        return give_up(status);
    }
    loader_save_former_run(&info);
    UINTN key = 0;
    bool good = loader_read_configuration() && loader_load_kernel(&info, &kernel) &&
                loader_map_handoff(&kernel) && loader_read_memory_map(&info, &key) &&
                loader_make_plan(&info, true);
    if (!good || loader_error_count() > 0) {
        return give_up(EFI_UNSUPPORTED);
    }
    if (!leave_boot_services(image, &kernel)) {
        return give_up(EFI_UNSUPPORTED);
    }
    enter_kernel(&kernel);
    return EFI_ABORTED; /* not reached */
}
