#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures Bulkhead beside the bare machine: starts each benchmark guest natively
(build/native.efi) and below Bulkhead on Bochs with one CPU, where a TSC tick is an
instruction, and prints a table and `bench NAME NATIVE BULKHEAD` lines. Called by
`make bench`; with --check it fails when a figure misses its bound. Needs the
launcher, the loader and the guests built."""

import argparse
import os
import re
import subprocess
import sys
import tempfile

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(TREE, "tests", "bench")
NATIVE = os.path.join(TREE, "build", "native.efi")
BULKHEAD = os.path.join(TREE, "build", "bulkhead.efi")
KERNEL = os.path.join(TREE, "build", "guests", "vmlinuz")  # Debian's; left out where it is not
KERNEL_ELF = os.path.join(TREE, "build", "kernel.stripped.elf")
CLOCK = "1577836800"  # so that a run repeats byte for byte
MEMORY = "512"
TIMEOUT = "180"

# Figures of the guest `bench`: what they are, and the most Bulkhead may take. A bound that is a
# string is relative: "native+1" for one more than natively, "native*1.01" for a hundredth more.
FIGURES = {
    "loop": ("empty loop", "native"),
    "rdtsc": ("RDTSC", "native"),
    "cpuid": ("CPUID", 110),
    "rdmsr-apic-base": ("RDMSR, trapped (APIC_BASE)", 110),
    "vmcall-version": ("VMCALL", 100),
    "manage-vm": ("management: facts of a VM", None),
    "manage-events": ("management: what has happened, nothing", 900),
    "manage-read-4096": ("management: 4 KiB of a console", None),
    "console-write-64": ("console write of 64 bytes by VMCALL", None),
    "out-scratch": ("OUT, UART scratch register", 200),
    "out-thr": ("OUT, UART transmitter", 200),
    "in-lsr": ("IN, UART line status", 200),
    "ioapic-read": ("IOAPIC read, MMIO", 400),
    "icr-self": ("x2APIC ICR, self shorthand", 200),
    "icr-unicast": ("x2APIC ICR, to one CPU", 200),
    "icr-others": ("x2APIC ICR, all but self", 200),
    "self-ipi": ("self-IPI with handler and EOI", "native+1"),
    "wbinvd": ("WBINVD", None),
    "xsetbv": ("XSETBV", None),
    "first-touch": ("first touch of a 4 KiB page", "native+1"),
    "timer-tick": ("timer tick, all the guest loses", "native+1"),
    "exits-per-tick": ("exits a timer tick", 0),
    "linux-ticks": ("Debian's kernel, first instruction to init", "native*1.003"),
    "linux-exits": ("exits of that, console output apart", 2000),
    "linux-idle-exits": ("exits in a minute of an idle Linux", 0),
    "linux-busy-exits": ("exits in a minute of a computing Linux", 0),
    "start-ticks": ("loader's entry to the last of 3 VMs' first instruction", 25_000_000),
    "memory-kib": ("KiB that Bulkhead takes, 3 VMs, 3 CPUs", 1024 + 3 * 64 + 16),
    "rt-late-min-ns": ("timer latency, least, ns", "native+50"),
    "rt-late-avg-ns": ("timer latency, average, ns", "native+50"),
    "rt-late-max-ns": ("timer latency, most ever, ns", "native+50"),
}

BENCH_LINE = re.compile(r"\bbench ([a-z0-9-]+) ([0-9.]+|-)\s*$")
EXITS_LINE = re.compile(r"\bbench-exits ([a-z0-9-]+) ([0-9.]+)\s*$")
RT_LINE = re.compile(r"\brt: \d+ ticks of .* late by (\d+) ns at least, (\d+) on average, "
                     r"\d+ at most; (\d+) at most ever, (\d+) lost\s*$")


NATIVE_START = re.compile(r"native: the guest starts at TSC (\d+)")
LINUX_INIT = re.compile(r"linux: init at\s+TSC\s+(\d+)")
LINUX_WINDOW = re.compile(r"linux: (idle|busy) (from|till) TSC\s+(\d+)")
CPUS_LINE = re.compile(r"\[ *(\d+)\.(\d{6})\] .* CPUs in VMX operation, (\d+) ticks after the loader")
STARTS_LINE = re.compile(r"\[ *(\d+)\.(\d{6})\] .* VM \w+ starts: ")
POOL_LINE = re.compile(r"root mode: .* of (\d+) KiB pool used")
TICKS_A_US = 100  # of Bochs's clock
EXIT_NMI, EXIT_IO, EXIT_TIMER = 0, 30, 52
UART = range(0x3f8, 0x400)


class Failed(Exception):
    """A run gave no figures; the message is for the user."""


def run(name, efi, work, model, trace=None, cpus=1):
    """The console's lines of one run of tests/bench/NAME.dts; its exits go to the file `trace`."""
    image = os.path.join(work, "disk.img")
    subprocess.run([os.path.join(TREE, "tools", "mkimage"), "--efi", efi,
                    os.path.join(HERE, f"{name}.dts"), image], check=True)
    console = os.path.join(work, "console")
    command = [os.path.join(TREE, "tools", "run"), "--cpus", str(cpus), "--memory", MEMORY, "--model",
               model, "--time0", CLOCK, "--timeout", TIMEOUT, "--serial", console, image]
    command += ["--bochs-trace", trace] if trace else []
    command += ["--exact"] if cpus > 1 else []
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          check=False)
    with open(console, encoding="utf-8", errors="replace") as file:
        text = file.read()
    if done.returncode != 0:
        raise Failed(f"{name} with {os.path.basename(efi)}: {done.stderr.strip()}\n{text[-2000:]}")
    return text.splitlines()


def bench_figures(lines):
    figures = {match[1]: match[2] for match in map(BENCH_LINE.search, lines) if match}
    exits = {match[1]: match[2] for match in map(EXITS_LINE.search, lines) if match}
    if figures:
        # Natively there is nobody to exit to.
        figures["exits-per-tick"] = exits.get("timer-tick", "-" if exits else "0")
    return figures, exits


def rt_figures(lines):
    matches = [match for match in map(RT_LINE.search, lines) if match]
    if not matches:
        return {}
    last = matches[-1]
    return {"rt-late-min-ns": last[1], "rt-late-avg-ns": last[2], "rt-late-max-ns": last[3]}


def first_match(pattern, lines):
    return next((int(match[1]) for match in map(pattern.search, lines) if match), None)


def exits_of(trace):
    """[(tick, whether it is for console output)]: the guest's UART, and the log on its way out."""
    exits = []
    with open(trace, encoding="ascii") as file:
        for line in file:
            tick, _, reason, qualification, _ = line.split()
            port = int(qualification, 16) >> 16
            exits.append((int(tick), int(reason) in (EXIT_NMI, EXIT_TIMER) or
                          (int(reason) == EXIT_IO and port in UART)))
    return exits


def linux_figures(efi, work, model):
    """Ticks from the kernel's first instruction to init, and exits then and in two minutes after.
    Below Bulkhead the first exit is taken for the start: it is a CPUID in the kernel's first
    thousand instructions."""
    if not os.path.exists(KERNEL):
        return {}
    trace = os.path.join(work, "trace")
    lines = run("linux", efi, work, model, trace)
    end = first_match(LINUX_INIT, lines)
    if end is None:
        raise Failed(f"linux with {os.path.basename(efi)} did not reach init")
    if efi == NATIVE:
        return {"linux-ticks": str(end - first_match(NATIVE_START, lines)), "linux-exits": "0",
                "linux-idle-exits": "0", "linux-busy-exits": "0"}
    exits = exits_of(trace)
    figures = {"linux-ticks": str(end - exits[0][0]),
               "linux-exits": str(sum(tick < end and not console for tick, console in exits))}
    windows = {(match[1], match[2]): int(match[3])
               for match in map(LINUX_WINDOW.search, lines) if match}
    for what in ("idle", "busy"):
        first, last = windows[what, "from"], windows[what, "till"]
        figures[f"linux-{what}-exits"] = str(sum(first < tick < last for tick, _ in exits))
    return figures


def start_figures(efi, work, model):
    """Bulkhead's own ticks from the loader's entry (without the firmware's, which read the files)
    until the last of three VMs starts, clearing their 8 MiB each included; and what memory it has:
    its image with stacks and log, and the pool."""
    if efi == NATIVE:
        return {"start-ticks": "0", "memory-kib": "0"}
    lines = run("start", efi, work, model, cpus=3)
    cpus = next(match for match in map(CPUS_LINE.search, lines) if match)
    starts = [int(match[1] + match[2]) for match in map(STARTS_LINE.search, lines) if match]
    if len(starts) != 3:
        raise Failed(f"start: {len(starts)} of 3 VMs started")
    ticks = int(cpus[3]) + (max(starts) - int(cpus[1] + cpus[2])) * TICKS_A_US
    headers = subprocess.run(["readelf", "-lW", KERNEL_ELF], capture_output=True, text=True,
                             check=True).stdout
    ends = [(int(line.split()[2], 16) + int(line.split()[5], 16)) for line in headers.splitlines()
            if line.split()[:1] == ["LOAD"]]
    image = (max(ends) & 0x7fffffff) // 1024
    return {"start-ticks": str(ticks), "memory-kib": str(first_match(POOL_LINE, lines) + image)}


def measure(efi, work, model):
    """({figure: text}, {operation: exits a round}) of both guests."""
    figures, exits = bench_figures(run("bench", efi, work, model))
    if not figures:
        raise Failed(f"bench with {os.path.basename(efi)} printed no figures")
    figures.update(rt_figures(run("rt", efi, work, model)))
    figures.update(linux_figures(efi, work, model))
    figures.update(start_figures(efi, work, model))
    return figures, exits


def bound_relative(bound, native):
    """"native+N", "native*N" or "native" as a number."""
    rest = bound.removeprefix("native")
    return native * float(rest[1:]) if rest.startswith("*") else native + float(rest or 0)


def misses(name, native, bulkhead):
    """Why a figure misses its bound; None when it does not, or has none."""
    bound = FIGURES[name][1]
    if bound is None:
        return None
    if bulkhead == "-":
        return "not measured"
    if isinstance(bound, str):
        bound = bound_relative(bound, float(native))
    if float(bulkhead) > bound:
        return f"more than {bound:g}"
    return None


def bound_text(bound):
    return "" if bound is None else f"{bound:,}" if isinstance(bound, int) else bound


def table_print(native, bulkhead, exits, judge):
    """The table for people, then the lines for programs; returns the number of missed bounds."""
    missed = 0
    shown = [name for name in FIGURES if name in native or name in bulkhead]
    print(f"{'ticks a round, loop included':<55}{'native':>10}{'Bulkhead':>10}{'exits':>8}{'at most':>14}")
    for name in shown:
        text, bound = FIGURES[name]
        ours = bulkhead.get(name, "-")
        miss = misses(name, native.get(name, "-"), ours) if judge else None
        missed += miss is not None
        print(f"{text:<55}{native.get(name, '-'):>10}{ours:>10}{exits.get(name, ''):>8}"
              f"{bound_text(bound):>14}{'  MISSED: ' + miss if miss else ''}")
    for name in shown:
        print(f"bench {name} {native.get(name, '-')} {bulkhead.get(name, '-')}")
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--model", default="corei7_haswell_4770", help="Bochs's processor")
    parser.add_argument("--native-only", action="store_true", help="leave Bulkhead out")
    parser.add_argument("--check", action="store_true", help="exit 1 when a bound is missed")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="bulkhead-bench-") as work:
            native, _ = measure(NATIVE, work, options.model)
            bulkhead, exits = ({}, {}) if options.native_only else \
                measure(BULKHEAD, work, options.model)
    except (Failed, subprocess.CalledProcessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    missed = table_print(native, bulkhead, exits, judge=not options.native_only)
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
