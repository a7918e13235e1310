/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/image/%.c kernel/printf.c tests/fuzz/image_check.c build/gen/dsdt.c */
/* Flat images, whose only header is their size, parsed and laid out. Inputs: see
 * tests/fuzz/image_check.h. */
#include "tests/fuzz/image_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_image(data, size, IMAGE_FLAT);
    return 0;
}
