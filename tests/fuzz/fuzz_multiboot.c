/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/image/%.c kernel/printf.c tests/fuzz/image_check.c build/gen/dsdt.c */
/*
 * Multiboot 1 kernels, ELF or not, parsed and laid out. The header's checksum is put right first:
 * otherwise hardly any change of its flags would get further. Inputs: tests/fuzz/image_check.h.
 */
#include "tests/fuzz/image_check.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC 0x1BADB002u

static void repair_checksum(uint8_t *file, size_t size)
{
    for (size_t at = 0; at + 12 <= size && at < 8192; at += 4) {
        uint32_t magic, flags;
        memcpy(&magic, file + at, 4);
        memcpy(&flags, file + at + 4, 4);
        if (magic == MAGIC) {
            const uint32_t checksum = 0u - MAGIC - flags;
            memcpy(file + at + 8, &checksum, 4);
            return;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data, size);
    if (size > PARAMS_SIZE) {
        repair_checksum(copy + PARAMS_SIZE, size - PARAMS_SIZE);
    }
    check_image(copy, size, IMAGE_MULTIBOOT);
    free(copy);
    return 0;
}
