# SPDX-License-Identifier: Apache-2.0
"""Debian's own kernel, unmodified, in a VM: what it says of its machine, what it costs, and how it
ends and starts again while a real-time VM beside it goes on.

With several CPUs Bochs carries out a whole REP string instruction as one: while Linux moves 14 MB
of itself at its start, or Bulkhead clears its RAM, time jumps for everyone. So rt may lose ticks at
a start of Linux, but never while Linux runs programs, ends or crashes.
"""
import re

import pytest

from conftest import boot_in, domain, machine

QUIET = "console=ttyS0 quiet cryptomgr.notests "
UART = range(0x3f8, 0x400)
EXIT_NMI, EXIT_IO, EXIT_TIMER = 0, 30, 52
KERNEL_SPACE = 1 << 63
TICKS_A_MINUTE = 60 * 100_000_000
JUMP_MAX_NS = 60_000_000  # of time, by one REP string instruction

# What a kernel says when its machine is not as it ought to be.
COMPLAINTS = (r"\bBUG\b|WARNING|Firmware Bug|FW bug|unchecked MSR|Call Trace|ACPI (Error|Warning|BIOS)|"
              r"unstable|APIC.*(fail|error)|not responding|timed out|no IRQ|probably|spurious|"
              r"PIT calibration|xapic|[Ii]nvalid (checksum|table)|nobody cared")


def linux(cpus=1, words="", name="linux", memory="128M"):
    ramdisk = 'ramdisk { compatible = "module,ramdisk"; file = "initramfs.cpio"; };'
    return domain(name, "vmlinuz", cpus=cpus, memory=memory, more=ramdisk,
                  bootargs=QUIET + words)


def rt(words):
    return domain("rt", "rt.elf", more="real-time;", bootargs="brief " + words)


# ---------------------------------------------------------------- one CPU, looked at closely

on_one_machine = pytest.mark.xdist_group("linux_alone")


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """One CPU; the kernel's messages, then a minute of nothing to do; every exit recorded."""
    folder = tmp_path_factory.mktemp("linux")
    return boot_in(folder, machine(linux(words="show=dmesg action=idle")), cpus=1,
                   bochs_trace=folder / "trace", until="idle for 65 seconds")


def exits(run):
    """(tick, reason, qualification, rip) of every exit, in order."""
    for line in (run.folder / "trace").read_text().splitlines():
        tick, _, reason, qualification, rip = line.split()
        yield int(tick), int(reason), int(qualification, 16), int(rip, 16)


def is_console(reason, qualification):
    if reason in (EXIT_NMI, EXIT_TIMER):
        return True  # the log on its way to the serial port
    return reason == EXIT_IO and qualification >> 16 in UART


@on_one_machine
def test_the_kernel_finds_a_machine_to_its_liking(alone):
    assert alone.code == 0, alone.text + alone.ending
    alone.expect(r"linux: linux: 6\.\S+-cloud-amd64, 1 CPUs", r"linux: linux: clocksource tsc$",
                 r"linux: linux: clockevent lapic-deadline$", r"\] x2apic enabled$",
                 r"Switched APIC routing to physical x2apic\.$", r"TSC deadline timer available$",
                 r"tsc: Detected \d+\.\d+ MHz TSC$", r"Calibrating delay loop \(skipped\)",
                 r"ACPI: Using ACPI \(MADT\) for SMP configuration", r"ACPI: PM: \(supports S0 S5\)",
                 r"ttyS0 at I/O 0x3f8 .* is a 16550A$", r"rtc_cmos .*: setting system clock to ",
                 r"linux: linux: ready$")
    complaints = [line for line in alone.text.splitlines() if re.search(COMPLAINTS, line)]
    assert not complaints


@on_one_machine
def test_only_what_linux_tries_on_every_machine_is_denied(alone):
    msrs = set(alone.find(r"VM linux: \w+ing MSR (0x[0-9a-f]+) denied"))
    ports = set(alone.find(r"VM linux: port (0x[0-9a-f]+) denied"))
    # Feature control, fault-feature switches, SMI count, an AMD register; COM2 to COM4.
    assert msrs <= {"0x3a", "0x140", "0x34", "0xc0011029"}
    assert ports <= {"0x2f9", "0x3e9", "0x2e9"}
    assert not alone.has(r"nothing at guest-physical address")


@on_one_machine
def test_linux_starts_with_at_most_2000_exits_to_init(alone):
    count, in_kernel = 0, False
    for _, reason, qualification, rip in exits(alone):
        if in_kernel and rip < KERNEL_SPACE:
            break  # the first exit of init: the C library asks CPUID
        in_kernel = in_kernel or rip >= KERNEL_SPACE
        count += not is_console(reason, qualification)
    assert 500 < count <= 2000


@on_one_machine
def test_an_idle_minute_has_no_exit(alone):
    ticks = [tick for tick, *_ in exits(alone)]
    pauses = [after - before for before, after in zip(ticks, ticks[1:])]
    assert max(pauses) >= TICKS_A_MINUTE


# ---------------------------------------------------------------- ends and restarts


def split_at(run, *regexes):
    """The log's pieces between the first lines, each behind the one before, that match."""
    rest, pieces = run.text, []
    for regex in regexes:
        match = re.search(regex, rest, re.M)
        assert match, f"no line matches {regex!r} behind the others in\n{run.text}\n{run.ending}"
        pieces.append(rest[:match.end()])
        rest = rest[match.end():]
    return pieces + [rest]


def lost_ticks(text):
    return [int(lost) for lost in re.findall(r"^rt: rt: \d+ ticks .* (\d+) lost$", text, re.M)]


def worst_ns(text):
    return max(map(int, re.findall(r"^rt: rt: \d+ ticks .* (\d+) at most ever", text, re.M)))


@pytest.mark.parametrize("cpus, words, beside_rt, last_words", [
    (1, "action=panic panic=1", False, r"Kernel panic - not syncing: sysrq triggered crash"),
    # In `make test`: test_linux_shapes.py's two Linuxes.
    pytest.param(1, "action=reboot", True, r"linux: linux: ready$", marks=pytest.mark.soak),
    (2, "action=sysrq-b", True, r"linux: linux: ready$"),
])
def test_linux_restarts_its_vm_alone(tmp_path, cpus, words, beside_rt, last_words):
    vms = [linux(cpus, words)] + ([rt("report=100")] if beside_rt else [])
    run = boot_in(tmp_path, machine(*vms), cpus=cpus + beside_rt, until="linux: linux: ready$",
                  until_count=2)
    assert run.code == 0, run.text + run.ending
    _, ending, _, _ = split_at(run, r"linux: linux: ready$", r"VM linux ended: reset by .*$",
                               r"VM linux starts: .*$")
    run.expect(last_words)
    assert len(run.find(rf"linux: linux: 6\.\S+, {cpus} CPUs$")) == 2
    assert not run.has(r"crashed")
    if beside_rt:
        assert len(run.find(r"VM rt starts")) == 1
        assert set(lost_ticks(ending)) <= {0}
        assert worst_ns(run.text) < JUMP_MAX_NS


@pytest.mark.parametrize("cpus, reports", [pytest.param(4, 28, marks=pytest.mark.soak), (8, 27)])
def test_linux_powers_its_vm_off_while_the_neighbour_goes_on(tmp_path, cpus, reports):
    run = boot_in(tmp_path, machine(linux(cpus), rt(f"report=500 reports={reports}")),
                  cpus=cpus + 1, timeout=400)
    assert run.code == 0, run.text + run.ending
    _, ending, after = split_at(run, r"linux: linux: ready$", r"VM linux ended: power-off by .*$")
    run.expect(rf"linux: linux: 6\.\S+, {cpus} CPUs$", r"VM rt ended: power-off", r"the last VM has ended$")
    assert lost_ticks(after) and set(lost_ticks(ending + after)) == {0}
    assert worst_ns(run.text) < JUMP_MAX_NS
