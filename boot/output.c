/* SPDX-License-Identifier: Apache-2.0 */
/* The loader's messages: onto the firmware's console, and into a buffer for the kernel's log. */
#include "boot/loader.h"

#include "kernel/printf.h"
#include "kernel/string.h"

#define LINE_SIZE 700

static char kept[BOOT_LOG_SIZE];
static uint32_t kept_size;
static unsigned errors;

static void keep(const char *line, size_t length)
{
    if (kept_size + length + 1 <= sizeof(kept)) {
        memcpy(kept + kept_size, line, length);
        kept_size += (uint32_t)length;
        kept[kept_size++] = '\n';
    }
}

static void show(const char *line)
{
    static CHAR16 wide[LINE_SIZE + 3];
    size_t i = 0;
    for (; line[i] != '\0'; i++) {
        wide[i] = (CHAR16)(uint8_t)line[i];
    }
    wide[i++] = '\r';
    wide[i++] = '\n';
    wide[i] = 0;
    FIRMWARE(ST->ConOut->OutputString(ST->ConOut, wide));
}

static void print_line(bool kept_too, const char *prefix, const char *format, va_list args)
{
    static char line[LINE_SIZE];
    int used = ksnprintf(line, sizeof(line), "%s", prefix);
    kvsnprintf(line + used, sizeof(line) - (size_t)used, format, args);
    if (kept_too) {
        keep(line, strlen(line));
    }
    show(line);
}

void loader_print(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line(true, "", format, args);
    va_end(args);
}

void loader_show(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line(false, "", format, args);
    va_end(args);
}

void loader_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line(true, "error: ", format, args);
    va_end(args);
    errors++;
}

unsigned loader_error_count(void)
{
    return errors;
}

const char *loader_log(uint32_t *size)
{
    *size = kept_size;
    return kept;
}

const char *efi_status_text(EFI_STATUS status)
{
    static const struct {
        EFI_STATUS status;
        const char *text;
    } texts[] = {
        {EFI_NOT_FOUND, "not found"},
        {EFI_OUT_OF_RESOURCES, "out of memory"},
        {EFI_DEVICE_ERROR, "device error"},
        {EFI_NO_MEDIA, "no medium"},
        {EFI_MEDIA_CHANGED, "the medium was changed"},
        {EFI_VOLUME_CORRUPTED, "the file system is corrupted"},
        {EFI_VOLUME_FULL, "the volume is full"},
        {EFI_WRITE_PROTECTED, "write-protected"},
        {EFI_ACCESS_DENIED, "access denied"},
        {EFI_UNSUPPORTED, "unsupported"},
        {EFI_INVALID_PARAMETER, "invalid parameter"},
        {EFI_END_OF_FILE, "end of file"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (texts[i].status == status) {
            return texts[i].text;
        }
    }
    return "firmware error";
}
