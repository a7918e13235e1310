/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What former runs of Bulkhead left in memory: found by the loader, shown, and kept as files beside
 * the configuration. A record whose file could not be written stays where it is, for the next boot.
 * Also chooses the memory for this run's record. Nothing here can keep Bulkhead from starting. See
 * kernel/panic_record.h and docs/crashes.md.
 */
#include "boot/loader.h"

#include "kernel/printf.h"
#include "kernel/string.h"

#define SHOWN_LINES 64
#define TITLE_SIZE  160
#define TEXT_PAGES  ((PANIC_RECORD_RING + TITLE_SIZE) / PAGE_SIZE + 1)

/* A record that is to be reported; its pages are allocated. */
struct former {
    struct panic_record *record;
    char *text; /* for the file */
    size_t size;
};
static struct former formers[PANIC_RECORD_PLACES];
static unsigned former_count;

static bool is_free(const struct boot_info *info, uint64_t place)
{
    for (uint32_t i = 0; i < info->memory_count; i++) {
        const struct boot_memory *m = &info->memory[i];
        if (m->type == BOOT_MEMORY_FREE && m->hpa.v <= place &&
            m->hpa.v + m->size >= place + PANIC_RECORD_PAGES * PAGE_SIZE) {
            return true;
        }
    }
    return false;
}

static void make_text(struct former *former, const char *title)
{
    char line[PANIC_RECORD_LINE];
    const struct panic_record *record = former->record;
    uint64_t position = panic_record_first(record);
    former->size =
        (size_t)ksnprintf(former->text, TITLE_SIZE, "%s, which began %lu s after 1970-01-01:\n",
                          title, record->seconds);
    while (panic_record_line(record, &position, line)) {
        size_t length = strlen(line);
        memcpy(former->text + former->size, line, length);
        former->size += length;
        former->text[former->size++] = '\n';
    }
}

static void show_panic(const struct panic_record *record)
{
    char line[PANIC_RECORD_LINE];
    uint64_t position = panic_record_panic(record);
    for (unsigned i = 0; i < SHOWN_LINES && panic_record_line(record, &position, line); i++) {
        loader_show("  | %s", line);
    }
}

/* True when there is something to keep: it has been shown, and its memory is nobody else's. */
static bool report(struct panic_record *record)
{
    enum panic_record_verdict verdict = panic_record_check(record);
    if (verdict == PANIC_RECORD_BROKEN) {
        loader_print("warning: the record of a former run at %lx has a wrong checksum: not used",
                     (uintptr_t)record);
    }
    if (verdict != PANIC_RECORD_REPORT && verdict != PANIC_RECORD_LOG) {
        return false;
    }
    const char *title = verdict == PANIC_RECORD_REPORT
                            ? "Bulkhead panicked in its former run"
                            : "Bulkhead's former run ended without a word";
    loader_print("warning: %s", title);
    if (verdict == PANIC_RECORD_REPORT) {
        show_panic(record);
    }
    struct former *former = &formers[former_count];
    former->record = record;
    former->text = loader_alloc_pages(TEXT_PAGES, UINT64_MAX);
    if (former->text == NULL || !loader_alloc_at((uintptr_t)record, PANIC_RECORD_PAGES)) {
        return false;
    }
    make_text(former, title);
    former_count++;
    return true;
}

static void forget(struct panic_record *record)
{
    record->magic = 0;
    cpu_flush_line(record);
}

void loader_read_former_run(struct boot_info *info)
{
    UINTN key;
    if (!loader_read_memory_map(info, &key)) {
        return;
    }
    for (unsigned i = 0; i < PANIC_RECORD_PLACES; i++) {
        struct panic_record *record = (struct panic_record *)panic_record_places[i];
        if (!is_free(info, (uintptr_t)record) || report(record)) {
            continue;
        }
        forget(record);
        if (info->record.v == 0 && loader_alloc_at((uintptr_t)record, PANIC_RECORD_PAGES)) {
            info->record = HPA((uintptr_t)record);
        }
    }
    if (info->record.v == 0 && former_count > 0) { /* the last one gives up its place */
        info->record = HPA((uintptr_t)formers[former_count - 1].record);
    }
}

struct numbers {
    uint32_t count;
    uint32_t list[PANIC_FILE_NUMBER];
};

static void note_file(void *context, const char *name)
{
    struct numbers *numbers = context;
    uint32_t number = panic_file_number(name);
    if (number != 0 && numbers->count < ARRAY_SIZE(numbers->list)) {
        numbers->list[numbers->count++] = number;
    }
}

static void remove_file(uint32_t number)
{
    char name[16];
    ksnprintf(name, sizeof(name), "crash-%03u.txt", number);
    EFI_STATUS status = loader_delete_file(name);
    loader_print("\\bulkhead\\%s, the oldest, %s%s", name,
                 status == EFI_SUCCESS ? "was removed" : "stays: ",
                 status == EFI_SUCCESS ? "" : efi_status_text(status));
}

static bool save(const struct former *former)
{
    static struct numbers numbers;
    char name[16];
    numbers.count = 0;
    loader_list_files(note_file, &numbers);
    uint32_t victim;
    uint32_t number = panic_file_choose(numbers.list, numbers.count, &victim);
    if (number == 0) {
        loader_print("warning: \\bulkhead\\crash-%u.txt exists: remove old reports, so that new "
                     "ones are kept",
                     PANIC_FILE_NUMBER);
        return false;
    }
    ksnprintf(name, sizeof(name), "crash-%03u.txt", number);
    EFI_STATUS status = loader_write_file(name, former->text, former->size);
    if (status == EFI_VOLUME_FULL && victim != 0) {
        remove_file(victim); /* it would have had to go in any case */
        victim = 0;
        status = loader_write_file(name, former->text, former->size);
    }
    if (status != EFI_SUCCESS) {
        loader_print("warning: \\bulkhead\\%s cannot be written: %s", name,
                     efi_status_text(status));
        return false;
    }
    loader_print("its log is in \\bulkhead\\%s", name);
    if (victim != 0) {
        remove_file(victim);
    }
    return true;
}

void loader_save_former_run(const struct boot_info *info)
{
    for (unsigned i = 0; i < former_count; i++) {
        struct panic_record *record = formers[i].record;
        bool own = info->record.v == (uintptr_t)record;
        if (save(&formers[i])) {
            forget(record);
            if (!own) {
                loader_free_pages(record, PANIC_RECORD_PAGES);
            }
        } else if (!own) {
            loader_print("its log stays in memory until a warm boot can write it");
        }
    }
}
