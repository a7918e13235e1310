/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the log's sinks; see the header. */
#include "kernel/console.h"

#include "drivers/fbcon.h"
#include "drivers/uart16550.h"
#include "kernel/log.h"
#include "kernel/memory.h"

static struct uart16550 uart;
static struct fbcon screen;

/* Translates line feeds for a terminal; takes as much as the UART does without waiting. */
static size_t serial_write(void *context, enum log_level level, const char *text, size_t length)
{
    const struct uart16550 *port = context;
    static bool carriage_return_sent;
    (void)level;
    size_t taken = 0;
    while (taken < length) {
        const char *from = text + taken;
        size_t run = 0;
        if (*from == '\n' && !carriage_return_sent) {
            if (uart16550_try_write(port, "\r", 1) == 0) {
                break;
            }
            carriage_return_sent = true;
            continue;
        }
        do {
            run++;
        } while (taken + run < length && from[run] != '\n');
        size_t sent = uart16550_try_write(port, from, run);
        if (sent == 0) {
            break;
        }
        carriage_return_sent = false;
        taken += sent;
    }
    return taken;
}

static size_t screen_write(void *context, enum log_level level, const char *text, size_t length)
{
    struct fbcon *con = context;
    fbcon_set_level(con, level);
    fbcon_write(con, text, length);
    return length;
}

static bool open_serial_at(const struct boot_register *where, uint8_t stride, uint32_t baud)
{
    void *mapping = NULL;
    if (where->space == REGISTER_MMIO) {
        mapping = memory_map_mmio(HPA(where->address), 8 * (uint64_t)MAX(stride, 1), false);
    }
    if (!uart16550_attach(&uart, where, stride, mapping) || !uart16550_probe(&uart)) {
        return false;
    }
    uart16550_init(&uart, baud);
    log_add_sink(&(struct log_sink){serial_write, &uart});
    return true;
}

static bool open_serial(const struct boot_platform *platform)
{
    static const struct boot_register com1 = {REGISTER_PORT, UART16550_DEFAULT_PORT, 1};
    if (platform->uart.space != REGISTER_NONE &&
        open_serial_at(&platform->uart, platform->uart_stride, 0)) {
        return true;
    }
    return open_serial_at(&com1, 1, UART16550_DEFAULT_BAUD);
}

static bool open_framebuffer(const struct boot_framebuffer *fb)
{
    if (fb->format == FRAMEBUFFER_NONE) {
        return false;
    }
    void *pixels = memory_map_mmio(fb->hpa, fb->size, true);
    if (!fbcon_init(&screen, pixels, fb)) {
        return false;
    }
    log_add_sink(&(struct log_sink){screen_write, &screen});
    return true;
}

void console_init(const struct boot_info *info)
{
    enum console_sink wanted = info->plan.console;
    bool serial = (wanted & CONSOLE_SERIAL) && open_serial(&info->platform);
    bool framebuffer = (wanted & CONSOLE_FRAMEBUFFER) && open_framebuffer(&info->framebuffer);
    if (serial || framebuffer) {
        return;
    }
    serial = !(wanted & CONSOLE_SERIAL) && open_serial(&info->platform);
    framebuffer = !(wanted & CONSOLE_FRAMEBUFFER) && open_framebuffer(&info->framebuffer);
    if (serial || framebuffer) {
        log_warning("no %s found: logging to the %s", serial ? "framebuffer" : "serial port",
                    serial ? "serial port" : "framebuffer");
    }
}
