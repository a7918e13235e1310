/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's table of commands, its line, its output; see the headers. */
#include "kernel/monitor.h"

#include "kernel/line_editor.h"
#include "kernel/log.h"
#include "kernel/monitor_internal.h"
#include "kernel/printf.h"
#include "kernel/string.h"

#define OUTPUT_SIZE 0x4000 /* a power of two, and more than the longest answer */
#define LOG_CHUNK   512
#define CTRL_C      0x03

struct command {
    const char *name;
    const char *usage;
    const char *help;
    uint8_t least; /* words behind the name */
    uint8_t most;
    void (*handler)(const struct monitor_call *call);
};

static const struct command commands[] = {
    {"help", "[COMMAND]", "this list, or one line of it", 0, 1, monitor_help},
    {"vm_list", "", "VMs and their states", 0, 0, monitor_vm_list},
    {"vcpu_list", "[VM]", "vCPUs, their CPUs and exits", 0, 1, monitor_vcpu_list},
    {"vm_console", "VM", "attach to a VM's console; Ctrl-] m comes back", 1, 1, monitor_vm_console},
    {"start", "VM", "start a VM that has ended", 1, 1, monitor_start},
    {"stop", "VM", "end a VM at once", 1, 1, monitor_stop},
    {"restart", "VM", "start a VM anew from its images", 1, 1, monitor_restart},
    {"pause", "VM", "let all vCPUs of a VM stand still", 1, 1, monitor_pause},
    {"resume", "VM", "let a paused VM go on", 1, 1, monitor_resume},
    {"stats", "[VM]", "exits by reason, and a second since last asked", 0, 1, monitor_stats},
    {"registers", "VM[:VCPU]", "registers of a paused vCPU", 1, 1, monitor_registers},
    {"backtrace", "VM[:VCPU]", "stack of a paused vCPU", 1, 1, monitor_backtrace},
    {"inject", "nmi VM[:VCPU]", "an NMI to a guest", 2, 2, monitor_inject},
    {"fault", "VM WORDS", "faults on purpose from now on; off: no more", 2, MONITOR_WORDS - 1,
     monitor_fault},
    {"crash", "[VM]", "what the last crash left", 0, 1, monitor_crash},
    {"log", "[N|all|follow|level [L]]", "the log's last N bytes; what is printed", 0, 2,
     monitor_log},
    {"memory", "", "who has the machine's memory", 0, 0, monitor_memory},
    {"plan", "[VM]", "what the configuration gave to VMs", 0, 1, monitor_plan},
    {"cpuid", "LEAF[.SUBLEAF]", "CPUID of the CPU that runs the monitor", 1, 1, monitor_cpuid},
    {"rdmsr", "MSR", "an MSR of that CPU, by number or name", 1, 1, monitor_rdmsr},
    {"reboot", "[now]", "reset the machine", 0, 1, monitor_reboot},
    {"poweroff", "[now]", "switch the machine off", 0, 1, monitor_poweroff},
};

static const struct boot_info *boot;
static const char *(*exit_name)(uint32_t reason);

/* ---- output ---- */

static uint8_t output[OUTPUT_SIZE];
static uint32_t output_read; /* both count for ever, modulo 2^32 */
static uint32_t output_written;

static void put(const char *text, size_t length)
{
    for (size_t i = 0; i < length && output_written - output_read < OUTPUT_SIZE; i++) {
        output[output_written++ % OUTPUT_SIZE] = (uint8_t)text[i];
    }
}

static size_t room(void)
{
    return OUTPUT_SIZE - (output_written - output_read);
}

static void put_text(const char *text)
{
    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        put(text, (size_t)(end - text));
        put("\r\n", 2);
    }
    put(text, strlen(text));
}

void monitor_print(const char *format, ...)
{
    char text[CRASH_LINE_SIZE + 1];
    va_list args;
    va_start(args, format);
    kvsnprintf(text, sizeof(text), format, args);
    va_end(args);
    put_text(text);
}

void monitor_emit(void *context, const char *line)
{
    (void)context;
    monitor_print("%s\n", line);
}

size_t monitor_output(uint8_t *to, size_t size)
{
    size_t count = 0;
    while (count < size && output_read != output_written) {
        to[count++] = output[output_read++ % OUTPUT_SIZE];
    }
    return count;
}

/* ---- the log, which may be longer than what the ring takes ---- */

static uint64_t log_from;
static uint64_t log_to; /* 0: not shown */
static bool log_cut;    /* what was shown so far does not end with a line */
static struct line_editor editor;

void monitor_show_log(uint64_t from, uint64_t to)
{
    log_from = from;
    log_to = to;
}

bool monitor_poll(void)
{
    while (log_to != 0 && room() >= 2 * LOG_CHUNK) {
        char text[LOG_CHUNK + 1];
        uint64_t missed = 0;
        size_t length = log_from < log_to ? log_read(&log_from, &missed, text, LOG_CHUNK) : 0;
        if (missed != 0) {
            monitor_print("(%lu bytes of the log were overwritten before)\n", missed);
        }
        if (length == 0) {
            if (log_to == UINT64_MAX) {
                return true; /* further lines come */
            }
            log_to = 0;
            put_text(log_cut ? "\n" : "");
            line_editor_begin(&editor);
            break;
        }
        log_cut = text[length - 1] != '\n';
        text[length] = '\0';
        put_text(text);
    }
    return log_to != 0 || output_read != output_written;
}

/* ---- reading words ---- */

bool monitor_number(const char *word, uint64_t max, uint64_t *number)
{
    bool hex = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
    const char *digits = "0123456789abcdef";
    uint64_t base = hex ? 16 : 10;
    const char *at = hex ? word + 2 : word;
    uint64_t value = 0;
    bool good = *at != '\0';
    for (; good && *at != '\0'; at++) {
        const char *digit = memchr(digits, *at | 0x20, base);
        good = digit != NULL && value <= (max - MIN(max, (uint64_t)(digit - digits))) / base;
        value = good ? value * base + (uint64_t)(digit - digits) : 0;
    }
    if (!good || value > max) {
        monitor_print("\"%.40s\" is not a number from 0 to 0x%lx.\n", word, max);
        return false;
    }
    *number = value;
    return true;
}

struct vm *monitor_vm(const char *word)
{
    for (uint32_t i = 0; i < vm_count(); i++) {
        const char number[] = {(char)('0' + (int)(i / 10)), (char)('0' + (int)(i % 10)), '\0'};
        if (strcmp(vm_get(i)->plan->name, word) == 0 ||
            strcmp(i < 10 ? number + 1 : number, word) == 0) {
            return vm_get(i);
        }
    }
    monitor_print("There is no VM \"%.40s\"; vm_list shows those there are.\n", word);
    return NULL;
}

struct vcpu *monitor_vcpu(char *word)
{
    char *colon = strchr(word, ':');
    uint64_t index = 0;
    if (colon != NULL) {
        *colon = '\0';
        if (!monitor_number(colon + 1, CPU_MAX - 1, &index)) {
            return NULL;
        }
    }
    struct vm *vm = monitor_vm(word);
    if (vm != NULL && index >= vm->vcpu_count) {
        monitor_print("VM %s has %u vCPUs, numbered from 0.\n", vm->plan->name, vm->vcpu_count);
        return NULL;
    }
    return vm == NULL ? NULL : vm->vcpus[index];
}

/* ---- commands ---- */

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    monitor_print("There is no command \"%.40s\"; help lists them.\n", name);
    return NULL;
}

static void print_help(const struct command *command)
{
    char call[48];
    ksnprintf(call, sizeof(call), "%s %s", command->name, command->usage);
    monitor_print("  %-30s %s\n", call, command->help);
}

void monitor_help(const struct monitor_call *call)
{
    if (call->count > 1) {
        const struct command *command = find_command(call->words[1]);
        if (command != NULL) {
            print_help(command);
        }
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        print_help(&commands[i]);
    }
}

/* False: there are more words than any command has. */
static bool split(char *line, struct monitor_call *call)
{
    call->count = 0;
    for (char *at = line;; at++) {
        while (*at == ' ') {
            *at++ = '\0';
        }
        if (*at == '\0') {
            return true;
        }
        if (call->count == MONITOR_WORDS) {
            return false;
        }
        call->words[call->count++] = at;
        while (*at != ' ' && *at != '\0') {
            at++;
        }
        if (*at == '\0') {
            return true;
        }
        *at = '\0';
    }
}

static void run(char *line)
{
    struct monitor_call call;
    bool all = split(line, &call);
    if (all && call.count == 0) {
        return;
    }
    const struct command *command = find_command(call.words[0]);
    if (command == NULL) {
        return;
    }
    if (!all || call.count - 1 < command->least || call.count - 1 > command->most) {
        monitor_print("It is used like this: %s %s\n", command->name, command->usage);
        return;
    }
    command->handler(&call);
}

void monitor_key(uint8_t byte)
{
    if (log_to != 0) { /* other keys are not meant for the next line either */
        if (byte == CTRL_C || byte == 'q' || byte == '\r') {
            log_to = 0;
            put("\r\n", 2);
            line_editor_begin(&editor);
        }
        return;
    }
    if (line_editor_key(&editor, byte)) {
        run(editor.line);
        if (log_to == 0) {
            line_editor_begin(&editor);
        }
    }
}

/* ---- set-up ---- */

/* Names of commands for the first word, then of VMs. */
static const char *candidate(const char *before, unsigned index)
{
    if (before[0] == '\0' || strcmp(before, "help ") == 0) {
        return index < ARRAY_SIZE(commands) ? commands[index].name : NULL;
    }
    return index < vm_count() ? vm_get(index)->plan->name : NULL;
}

void monitor_init(const struct boot_info *info, const char *(*name)(uint32_t reason))
{
    boot = info;
    exit_name = name;
    editor.prompt = "bulkhead> ";
    editor.emit = put;
    editor.candidate = candidate;
}

void monitor_open(void)
{
    if (log_to == 0 && output_read != output_written) {
        return; /* what was not shown when it was left ends with a prompt */
    }
    log_to = 0;
    put("\r\n", 2);
    line_editor_begin(&editor);
}

const struct boot_info *monitor_info(void)
{
    return boot;
}

const char *monitor_exit_name(uint32_t reason)
{
    return exit_name(reason);
}
