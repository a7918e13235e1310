/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/image/%.c kernel/printf.c tests/fuzz/image_check.c build/gen/dsdt.c */
/* Files of a format that is to be detected. Inputs: see tests/fuzz/image_check.h. */
#include "tests/fuzz/image_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_image(data, size, IMAGE_UNKNOWN);
    return 0;
}
