/* SPDX-License-Identifier: Apache-2.0 */
/* Files from the volume that the loader was started from. */
#include "boot/loader.h"

#include "kernel/string.h"

#define PATH_MAX_CHARS (CONFIG_PATH_SIZE + 16)
#define FOLDER_MAX     1000
#define READ_CHUNK     MIB(1) /* some firmware fails on very large reads */

static EFI_FILE_HANDLE volume;

EFI_STATUS loader_open_volume(EFI_HANDLE image)
{
    static EFI_GUID loaded_image_guid = LOADED_IMAGE_PROTOCOL;
    static EFI_GUID file_system_guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
    EFI_LOADED_IMAGE *loaded = NULL;
    EFI_FILE_IO_INTERFACE *file_system = NULL;
    EFI_STATUS status = FIRMWARE(BS->HandleProtocol(image, &loaded_image_guid, (void **)&loaded));
    if (status != EFI_SUCCESS) {
        return status;
    }
    status = FIRMWARE(
        BS->HandleProtocol(loaded->DeviceHandle, &file_system_guid, (void **)&file_system));
    if (status != EFI_SUCCESS) {
        return status;
    }
    return FIRMWARE(file_system->OpenVolume(file_system, &volume));
}

static bool make_path(const char *path, CHAR16 *wide)
{
    static const char folder[] = "\\bulkhead\\";
    size_t length = strlen(path);
    if (length + sizeof(folder) > PATH_MAX_CHARS) {
        return false;
    }
    size_t at = 0;
    for (size_t i = 0; i + 1 < sizeof(folder); i++) {
        wide[at++] = (CHAR16)folder[i];
    }
    for (size_t i = 0; i < length; i++) {
        wide[at++] = path[i] == '/' ? '\\' : (CHAR16)(uint8_t)path[i];
    }
    wide[at] = 0;
    return true;
}

/* The file's size, by going to its end: needs no structure of variable length. */
static EFI_STATUS file_size(EFI_FILE_HANDLE file, uint64_t *size)
{
    EFI_STATUS status = FIRMWARE(file->SetPosition(file, UINT64_MAX));
    if (status == EFI_SUCCESS) {
        status = FIRMWARE(file->GetPosition(file, size));
    }
    if (status == EFI_SUCCESS) {
        status = FIRMWARE(file->SetPosition(file, 0));
    }
    return status;
}

static EFI_STATUS read_all(EFI_FILE_HANDLE file, struct loader_file *out)
{
    while (out->size < out->expected) {
        UINTN step = MIN(READ_CHUNK, out->expected - out->size);
        EFI_STATUS status = FIRMWARE(file->Read(file, &step, (uint8_t *)out->data + out->size));
        if (status != EFI_SUCCESS) {
            return status;
        }
        if (step == 0) {
            break;
        }
        out->size += step;
    }
    return EFI_SUCCESS;
}

struct loader_file loader_read_file(const char *path)
{
    CHAR16 wide[PATH_MAX_CHARS];
    struct loader_file out = {.status = EFI_NOT_FOUND};
    EFI_FILE_HANDLE file = NULL;
    if (!make_path(path, wide)) {
        return out;
    }
    out.status = FIRMWARE(volume->Open(volume, &file, wide, EFI_FILE_MODE_READ, 0));
    if (out.status != EFI_SUCCESS) {
        return out;
    }
    out.status = file_size(file, &out.expected);
    if (out.status == EFI_SUCCESS) {
        uint64_t pages = MAX(align_up(out.expected, PAGE_SIZE) / PAGE_SIZE, 1);
        out.data = loader_alloc_pages(pages, UINT64_MAX);
        out.status = out.data == NULL ? EFI_OUT_OF_RESOURCES : read_all(file, &out);
    }
    FIRMWARE(file->Close(file));
    return out;
}

/* ---- reports of former runs ---- */

EFI_STATUS loader_write_file(const char *path, const void *data, size_t size)
{
    CHAR16 wide[PATH_MAX_CHARS];
    EFI_FILE_HANDLE file = NULL;
    UINTN written = size;
    if (!make_path(path, wide)) {
        return EFI_INVALID_PARAMETER;
    }
    EFI_STATUS status = FIRMWARE(volume->Open(
        volume, &file, wide, EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE | EFI_FILE_MODE_CREATE, 0));
    if (status != EFI_SUCCESS) {
        return status;
    }
    status = FIRMWARE(file->Write(file, &written, (void *)(uintptr_t)data));
    if (status == EFI_SUCCESS) {
        status = written == size ? FIRMWARE(file->Flush(file)) : EFI_VOLUME_FULL;
    }
    if (status != EFI_SUCCESS) {
        FIRMWARE(file->Delete(file)); /* closes it, too */
        return status;
    }
    return FIRMWARE(file->Close(file));
}

EFI_STATUS loader_delete_file(const char *path)
{
    CHAR16 wide[PATH_MAX_CHARS];
    EFI_FILE_HANDLE file = NULL;
    if (!make_path(path, wide)) {
        return EFI_INVALID_PARAMETER;
    }
    EFI_STATUS status =
        FIRMWARE(volume->Open(volume, &file, wide, EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE, 0));
    return status == EFI_SUCCESS ? FIRMWARE(file->Delete(file)) : status;
}

void loader_list_files(void (*found)(void *context, const char *name), void *context)
{
    static _Alignas(8) uint8_t entry[1024];
    const EFI_FILE_INFO *info = (const EFI_FILE_INFO *)entry;
    char name[64];
    CHAR16 wide[PATH_MAX_CHARS];
    EFI_FILE_HANDLE folder = NULL;
    if (!make_path("", wide) ||
        FIRMWARE(volume->Open(volume, &folder, wide, EFI_FILE_MODE_READ, 0)) != EFI_SUCCESS) {
        return;
    }
    for (unsigned i = 0; i < FOLDER_MAX; i++) {
        UINTN size = sizeof(entry);
        if (FIRMWARE(folder->Read(folder, &size, entry)) != EFI_SUCCESS || size == 0) {
            break;
        }
        size_t length = 0;
        for (; length < sizeof(name) - 1 && info->FileName[length] != 0; length++) {
            name[length] = info->FileName[length] < 0x7f ? (char)info->FileName[length] : '?';
        }
        name[length] = '\0';
        found(context, name);
    }
    FIRMWARE(folder->Close(folder));
}
