/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzzers of boot/image share: an input is PARAMS_SIZE bytes that choose the VM and a
 * file. The file is parsed, laid out in that VM, and the result is held against the contract.
 */
#ifndef TESTS_FUZZ_IMAGE_CHECK_H
#define TESTS_FUZZ_IMAGE_CHECK_H

#include "boot/image/image.h"

#define PARAMS_SIZE 8

/* Traps when anything promised in boot/image/image.h does not hold. */
void check_image(const uint8_t *data, size_t size, enum image_format format);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
