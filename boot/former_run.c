/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the former run of Bulkhead left in memory: found by the loader, shown, and kept as a file
 * beside the configuration, once. Also chooses the memory for this run's record. Nothing here can
 * keep Bulkhead from starting. See kernel/panic_record.h and docs/crashes.md.
 */
#include "boot/loader.h"

#include "kernel/printf.h"
#include "kernel/string.h"

#define SHOWN_LINES 64
#define TITLE_SIZE  160
#define TEXT_PAGES  ((PANIC_RECORD_RING + TITLE_SIZE) / PAGE_SIZE + 1)

static char *text; /* for the file; NULL: nothing to report */
static size_t text_size;

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

static void make_text(const struct panic_record *record, const char *title)
{
    char line[PANIC_RECORD_LINE];
    uint64_t position = panic_record_first(record);
    text_size = (size_t)ksnprintf(text, TITLE_SIZE, "%s, which began %lu s after 1970-01-01:\n",
                                  title, record->seconds);
    while (panic_record_line(record, &position, line)) {
        size_t length = strlen(line);
        memcpy(text + text_size, line, length);
        text_size += length;
        text[text_size++] = '\n';
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

/* The first one that is found is taken; the text is complete before its memory is used again. */
static void report(const struct panic_record *record)
{
    enum panic_record_verdict verdict = panic_record_check(record);
    if (verdict == PANIC_RECORD_BROKEN) {
        loader_print("warning: the record of a former run at %lx has a wrong checksum: not used",
                     (uintptr_t)record);
    }
    if ((verdict != PANIC_RECORD_REPORT && verdict != PANIC_RECORD_LOG) || text != NULL) {
        return;
    }
    const char *title = verdict == PANIC_RECORD_REPORT
                            ? "Bulkhead panicked in its former run"
                            : "Bulkhead's former run ended without a word";
    text = loader_alloc_pages(TEXT_PAGES, UINT64_MAX);
    loader_print("warning: %s", title);
    if (verdict == PANIC_RECORD_REPORT) {
        show_panic(record);
    }
    if (text != NULL) {
        make_text(record, title);
    }
}

void loader_read_former_run(struct boot_info *info)
{
    UINTN key;
    if (!loader_read_memory_map(info, &key)) {
        return;
    }
    for (unsigned i = 0; i < PANIC_RECORD_PLACES; i++) {
        struct panic_record *record = (struct panic_record *)panic_record_places[i];
        if (!is_free(info, (uintptr_t)record)) {
            continue;
        }
        report(record);
        record->magic = 0; /* told once */
        cpu_flush_line(record);
        if (info->record.v == 0 && loader_alloc_at((uintptr_t)record, PANIC_RECORD_PAGES)) {
            info->record = HPA((uintptr_t)record);
        }
    }
}

struct numbers {
    uint32_t count;
    uint32_t list[64];
};

static void note_file(void *context, const char *name)
{
    struct numbers *numbers = context;
    uint32_t number = panic_file_number(name);
    if (number != 0 && numbers->count < ARRAY_SIZE(numbers->list)) {
        numbers->list[numbers->count++] = number;
    }
}

void loader_save_former_run(void)
{
    struct numbers numbers = {.count = 0};
    char name[16];
    if (text == NULL) {
        return;
    }
    loader_list_files(note_file, &numbers);
    uint32_t victim;
    uint32_t number = panic_file_choose(numbers.list, numbers.count, &victim);
    if (number == 0) {
        loader_print("warning: \\bulkhead\\crash-%u.txt exists: remove old reports, so that new "
                     "ones are kept",
                     PANIC_FILE_NUMBER);
        return;
    }
    ksnprintf(name, sizeof(name), "crash-%03u.txt", number);
    EFI_STATUS status = loader_write_file(name, text, text_size);
    if (status != EFI_SUCCESS) {
        loader_print("warning: \\bulkhead\\%s cannot be written: %s", name,
                     efi_status_text(status));
        return;
    }
    loader_print("its log is in \\bulkhead\\%s", name);
    if (victim != 0) {
        ksnprintf(name, sizeof(name), "crash-%03u.txt", victim);
        status = loader_delete_file(name);
        loader_print("\\bulkhead\\%s, the oldest, %s", name,
                     status == EFI_SUCCESS ? "was removed" : efi_status_text(status));
    }
}
