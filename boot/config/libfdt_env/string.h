/* SPDX-License-Identifier: Apache-2.0 */
/* What libfdt finds as <string.h> where there is no C library. */
#ifndef BOOT_CONFIG_LIBFDT_ENV_STRING_H
#define BOOT_CONFIG_LIBFDT_ENV_STRING_H

#include "kernel/string.h"

#endif
