/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of the framebuffer console share; see fbcon.h. */
#ifndef DRIVERS_FBCON_DRAW_H
#define DRIVERS_FBCON_DRAW_H

#include "drivers/fbcon.h"

#define FBCON_PIXEL_SIZE sizeof(uint32_t)

/* Every blank is this one, whatever the colour, so that equal cells are equal numbers. */
#define FBCON_CELL_BLANK ((fbcon_cell_t)(' ' | LOG_INFO << 8))
#define FBCON_CELL_NONE  ((fbcon_cell_t)0) /* equals nothing that is to be seen */

#endif
