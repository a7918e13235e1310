/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts and traces VM exits inside Bochs and takes a picture of the screen:
 * what the emulated processor did, independent of what Bulkhead says it did.
 * Called by Bochs through the macros in instrument.h, all in the simulation's
 * thread except on_signal(). It must not change what the machine does; it may
 * only look.
 */
#include "bochs.h"
#include "cpu/cpu.h"
#include "pc_system.h"
#include "picture.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace
{

const unsigned cpus_max = 256;
const unsigned reasons_max = 128;

/* How often a request by signal is looked for, in microseconds of the machine. */
const Bit32u poll_interval_us = 10000;

const char *exits_path, *trace_path, *picture_path;
FILE *trace_file;
Bit64u exits[cpus_max][reasons_max];
volatile sig_atomic_t dump_wanted, stop_wanted;

void exits_write()
{
    if (!exits_path)
        return;

    const std::string part = std::string(exits_path) + ".part";
    FILE *file = fopen(part.c_str(), "w");
    if (!file) {
        perror(exits_path);
        return;
    }
    for (unsigned cpu = 0; cpu < cpus_max; cpu++)
        for (unsigned reason = 0; reason < reasons_max; reason++)
            if (exits[cpu][reason])
                fprintf(file, "%u %u " FMT_LL "u\n", cpu, reason, exits[cpu][reason]);
    if (fclose(file) != 0 || rename(part.c_str(), exits_path) != 0)
        perror(exits_path);
}

void files_write()
{
    exits_write();
    if (trace_file)
        fflush(trace_file);
}

void on_signal(int number)
{
    if (number == SIGUSR1) {
        dump_wanted = 1;
        return;
    }
    /* A second request means that nobody acted on the first. */
    if (stop_wanted)
        _exit(128 + number);
    stop_wanted = 1;
}

/* Ends the processors' loop; Bochs then shuts its devices down in order. */
void simulation_stop()
{
    bx_pc_system.kill_bochs_request = 1;
    for (unsigned cpu = 0; cpu < BX_SMP_PROCESSORS; cpu++)
        BX_CPU(cpu)->async_event = 1;
}

/* Runs as a timer of the machine, so that files are never written from a signal handler. */
void poll(void *)
{
    if (dump_wanted) {
        dump_wanted = 0;
        files_write();
        if (picture_path)
            picture_write(picture_path);
    }
    if (stop_wanted)
        simulation_stop();
}

const char *path_from(const char *variable)
{
    const char *path = getenv(variable);

    return path && *path ? path : NULL;
}

} // namespace

void bulkhead_init_env(void)
{
    exits_path = path_from("BULKHEAD_BOCHS_EXITS");
    trace_path = path_from("BULKHEAD_BOCHS_TRACE");
    picture_path = path_from("BULKHEAD_BOCHS_PICTURE");
    if (!trace_path)
        return;

    trace_file = fopen(trace_path, "w");
    if (!trace_file) {
        perror(trace_path);
        exit(1);
    }
    setvbuf(trace_file, NULL, _IOFBF, 1 << 20);
}

void bulkhead_exit_env(void)
{
    files_write();
}

void bulkhead_cpu_ready(unsigned cpu)
{
    if (cpu != 0 || (!exits_path && !trace_path && !picture_path))
        return;

    bx_pc_system.register_timer(NULL, poll, poll_interval_us, true, true, "bulkhead");
    signal(SIGUSR1, on_signal);
    signal(SIGTERM, on_signal);
}

void bulkhead_vmexit(unsigned cpu, Bit32u reason, Bit64u qualification)
{
    const unsigned basic = reason & 0xffff;

    if (cpu < cpus_max && basic < reasons_max)
        exits[cpu][basic]++;
    if (!trace_file)
        return;

    /* The hook runs before Bochs takes RIP back to the instruction that exited. */
    const Bit64u rip =
        IS_TRAP_LIKE_VMEXIT(basic) ? BX_CPU(cpu)->get_instruction_pointer() : BX_CPU(cpu)->prev_rip;
    fprintf(trace_file, FMT_LL "u %u %u " FMT_LL "x " FMT_LL "x\n", bx_pc_system.time_ticks(), cpu,
            basic, qualification, rip);
}

void bulkhead_port_write(unsigned port, unsigned value)
{
    /* After these writes there may be no screen left to draw. */
    const bool last_of_shutdown = port == 0x8900 && (value & 0xff) == 'n';
    const bool acpi_sleep = port == 0xb004 && (value & 0x2000);

    if (picture_path && (last_of_shutdown || acpi_sleep))
        picture_write(picture_path);
}
