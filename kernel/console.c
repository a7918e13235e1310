/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the log's sinks; see the header. */
#include "kernel/console.h"

#include "drivers/fbcon.h"
#include "drivers/lapic.h"
#include "drivers/uart16550.h"
#include "kernel/cpu.h"
#include "kernel/idle.h"
#include "kernel/log.h"
#include "kernel/memory.h"
#include "kernel/percpu.h"
#include "kernel/smp.h"
#include "kernel/terminal.h"
#include "kernel/time.h"
#include "kernel/vm.h"

static struct uart16550 uart;
static struct fbcon screen;

#define SERIAL_CHUNK 16   /* a FIFO's worth */
#define POLL_US      1000 /* a 16-byte FIFO at 115200 baud empties in 1.4 ms */

/* Characters of `text` that `sent` bytes of its translation stand for. */
static size_t characters_of(const char *text, size_t sent, bool *carriage_return_sent)
{
    size_t count = 0;
    while (sent > 0) {
        if (text[count] == '\n' && !*carriage_return_sent) {
            *carriage_return_sent = true;
            sent--;
            continue;
        }
        *carriage_return_sent = false;
        count++;
        sent--;
    }
    return count;
}

/* A line feed becomes CR LF for a terminal. Takes as much as the UART does without waiting. */
static size_t serial_write(void *context, enum log_level level, const char *text, size_t length)
{
    static bool carriage_return_sent;
    (void)level;
    for (size_t taken = 0;;) {
        char bytes[SERIAL_CHUNK];
        size_t count = 0;
        bool cr = carriage_return_sent;
        for (size_t i = taken; i < length && count < sizeof(bytes); i += !cr) {
            cr = text[i] == '\n' && !cr;
            bytes[count++] = cr ? '\r' : text[i];
        }
        size_t sent = count == 0 ? 0 : uart16550_try_write(context, bytes, count);
        if (sent == 0) {
            return taken;
        }
        taken += characters_of(text + taken, sent, &carriage_return_sent);
    }
}

static void serial_finish(void *context)
{
    uart16550_flush(context);
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
    log_add_sink(&(struct log_sink){serial_write, serial_finish, &uart, .shared = true});
    return true;
}

static bool open_serial(const struct boot_platform *platform)
{
    static const struct boot_register com1 = {REGISTER_PORT, UART16550_DEFAULT_PORT, 1};
    if (platform->uart.space != REGISTER_NONE &&
        open_serial_at(&platform->uart, platform->uart_stride, platform->uart_baud)) {
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
    log_add_sink(&(struct log_sink){.write = screen_write, .context = &screen});
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

/* ---- the poller: output that had to wait, and keys ---- */

#define UART_PIN     4      /* COM1's ISA interrupt */
#define SLOW_POLL_US 100000 /* for keys, where no interrupt announces them */

static struct percpu *poller; /* NULL: every CPU belongs to a real-time VM */
static uint32_t polling;      /* 1: the poller has been told and is not done */
static bool announced;        /* the first key comes as an NMI of the poller */
static bool listening;        /* and its interrupt is on */

int console_read_byte(void)
{
    return uart16550_read(&uart);
}

uint32_t console_errors(enum uart16550_error which)
{
    return uart16550_take_errors(&uart, which);
}

size_t console_send(const void *bytes, size_t count)
{
    return uart16550_try_write(&uart, bytes, count);
}

void console_wake(void)
{
    if (poller == NULL || __atomic_exchange_n(&polling, 1, __ATOMIC_SEQ_CST) != 0) {
        return;
    }
    if (poller->vcpu != NULL) {
        vcpu_request(poller->vcpu, VCPU_REQUEST_POLL);
    } else if (poller != this_cpu()) {
        lapic_send_nmi(poller->apic_id);
    }
}

void console_nmi(void)
{
    if (announced && this_cpu() == poller && uart16550_has_input(&uart)) {
        console_wake();
    }
}

static void listen(bool on)
{
    if (announced && listening != on) {
        listening = on;
        uart16550_receive_interrupt(&uart, on);
    }
}

static bool work(void)
{
    bool more = !log_drain();
    return terminal_poll() || more;
}

bool console_poll(void)
{
    listen(false);
    if (work()) {
        return true;
    }
    __atomic_store_n(&polling, 0, __ATOMIC_SEQ_CST);
    listen(true); /* a key that is there already makes an edge */
    /* Something printed between the two saw `polling` set and relied on this CPU. */
    return work();
}

void console_poll_again(struct vcpu *vcpu)
{
    if (console_poll()) {
        vcpu_request(vcpu, VCPU_REQUEST_POLL);
    }
}

void console_timer(struct vcpu *vcpu)
{
    bool more = console_poll();
    if (more || !announced) {
        uint64_t us = more ? POLL_US : SLOW_POLL_US;
        vcpu_timer_set(vcpu, VCPU_TIMER_CONSOLE, cpu_rdtsc() + time_us_to_tsc(us));
    }
}

void console_timer_stop(struct vcpu *vcpu)
{
    if (vcpu_timer_armed(vcpu, VCPU_TIMER_CONSOLE)) {
        vcpu_timer_set(vcpu, VCPU_TIMER_CONSOLE, VCPU_TIMER_OFF);
        vcpu_request(vcpu, VCPU_REQUEST_POLL);
    }
}

/* A CPU without a VM. */
void console_poll_for_ever(void)
{
    bool polls = this_cpu() == poller;
    for (;;) {
        while (polls && console_poll()) {
            cpu_pause();
        }
        if (polls && !announced) {
            lapic_alarm((uint32_t)(time_apic_timer_hz() / 1000 * (SLOW_POLL_US / 1000)));
        }
        idle_wait_for(&polling, polls ? UINT32_MAX : 0, polls && !announced);
    }
}

const struct percpu *console_poller(void)
{
    return poller;
}

static void choose(const struct boot_info *info)
{
    for (uint32_t i = 0; i < info->cpu_count; i++) {
        struct percpu *cpu = smp_cpu(i);
        if (cpu->state != CPU_ONLINE) {
            continue;
        }
        if (cpu->vcpu == NULL) {
            poller = cpu;
            return;
        }
        if (poller == NULL && !(cpu->vcpu->vm->plan->flags & VM_FLAG_REALTIME)) {
            poller = cpu;
        }
    }
}

void console_choose_poller(const struct boot_info *info)
{
    choose(info);
    if (poller == NULL) {
        log_notice("console: no CPU for it, all belong to real-time VMs: keys are not read");
        return;
    }
    log_set_pending_hook(console_wake);
    if (uart.space == REGISTER_NONE) {
        return;
    }
    bool com1 = uart.space == REGISTER_PORT && uart.base == UART16550_DEFAULT_PORT;
    announced = com1 && poller->apic_id < UINT8_MAX &&
                vm_pci_nmi_from_pin(UART_PIN, (uint8_t)poller->apic_id);
    log_notice("console: " TERMINAL_BANNER);
    terminal_start(info->plan.console_view);
    console_wake();
}
