/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made-up surroundings of the services.
 */
#include "tests/unit/guests/net/fake_net.h"

#include <stdarg.h>
#include <stdio.h>

#include "guests/net/clock.h"
#include "guests/net/metrics.h"
#include "guests/net/note.h"
#include "guests/net/pages.h"

uint64_t fake_now;
unsigned fake_notes;
char fake_last_note[256];

const uint8_t page_index_html[] = "<!doctype html><title>page</title>";
const size_t page_index_html_size = sizeof(page_index_html) - 1;
const uint8_t page_app_js[] = "// script";
const size_t page_app_js_size = sizeof(page_app_js) - 1;
const uint8_t page_style_css[] = "/* style */";
const size_t page_style_css_size = sizeof(page_style_css) - 1;

uint64_t clock_ms(void)
{
    return fake_now;
}

void net_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(fake_last_note, sizeof(fake_last_note), format, args);
    va_end(args);
    fake_notes++;
}

void net_metrics_read(struct net_metrics *metrics)
{
    metrics->rx_frames = 17;
    metrics->uptime_ms = 4321;
    metrics->http_open = 2;
}
