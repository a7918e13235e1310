/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of guests/net/web/, turned into arrays by the build.
 */
#ifndef GUESTS_NET_PAGES_H
#define GUESTS_NET_PAGES_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t page_index_html[];
extern const size_t page_index_html_size;
extern const uint8_t page_app_js[];
extern const size_t page_app_js_size;
extern const uint8_t page_style_css[];
extern const size_t page_style_css_size;

#endif
