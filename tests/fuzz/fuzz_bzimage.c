/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/image/%.c kernel/printf.c tests/fuzz/image_check.c build/gen/dsdt.c */
/* Linux bzImages, parsed and laid out. Inputs: see tests/fuzz/image_check.h. */
#include "tests/fuzz/image_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_image(data, size, IMAGE_BZIMAGE);
    return 0;
}
