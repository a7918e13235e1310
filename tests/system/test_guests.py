# SPDX-License-Identifier: Apache-2.0
"""Guests that nobody here wrote (guests/foreign/foreign.mk): firmware, a memory tester, a
microkernel. Each uses some of what a VM with `legacy` has: PM timer, PIT, PIC.
"""
import re

import pytest

from conftest import boot_in, domain, machine

EXIT_WINDOW, EXIT_TIMER = 7, 52


def exits(run):
    """Reason -> how many, on all CPUs, as the emulator saw them."""
    counts = {}
    for line in (run.folder / "exits").read_text().splitlines():
        _, reason, count = map(int, line.split())
        counts[reason] = counts.get(reason, 0) + count
    return counts


def guest_text(run, name):
    """A VM's own bytes: terminals' escape sequences are gone, lines were cut by the log."""
    return "".join(line[len(name) + 2:] for line in run.text.splitlines()
                   if line.startswith(f"{name}: "))


def boot_alone(tmp_path, source, until, timeout=300):
    return boot_in(tmp_path, source, "--bochs-exits", str(tmp_path / "exits"), until=until,
                   timeout=timeout, cpus=1, memory=256)


def test_memtest86_tests_memory(tmp_path):
    """Six of its tests, each over all of the VM's RAM."""
    run = boot_alone(tmp_path, machine(domain(
        "memtest", "memtest86+.bin", memory="8M", more="legacy;",
        bootargs="console=ttyS0,115200 nosmp")), until=r"#6 +\[")
    text = guest_text(run, "memtest")
    assert "Memtest86+ v6" in text
    assert re.search(r"Memory +: +8MB", text)
    assert re.search(r"CLK/Temp: +(99|100|101)MHz", text), "it measures the TSC against the PM timer"
    assert re.search(r"#0 +\[Address test, walking ones, no cache\]", text)
    assert re.search(r"#6 +\[", text)
    assert set(re.findall(r"Errors: +(\d+)", text)) == {"0"}


def test_gnumach_runs_its_first_task(tmp_path):
    """Multiboot with a module; the module's code, in user mode, gets as far as a system call."""
    module = """task { compatible = "module,ramdisk"; file = "mach-task.elf";
        bootargs = "task $(task-create) $(task-resume)"; };"""
    run = boot_alone(tmp_path, machine(domain(
        "mach", "gnumach", memory="32M", more="legacy;" + module, bootargs="console=com0")),
        until=r"^mach: panic ")
    run.expect(r"^mach: GNU Mach 1\.8",
               r"^mach: biosmem: 000000000000100000:000000000002000000, available$",
               r"^mach: RTC time is 20\d\d-",
               r"^mach: module 0: task \$\(task-create\) \$\(task-resume\)$",
               r"^mach: 1 multiboot modules$",
               r"^mach: task loaded: task|^mach: start task: ",
               r"^mach: EAX 600dcafe ")
    assert exits(run).get(EXIT_TIMER, 0) > 100, "its clock ticks"


def test_seabios_looks_for_something_to_boot(tmp_path):
    """From the reset vector; its keyboard and its wait at the boot menu need IRQ 0."""
    run = boot_alone(tmp_path, machine(domain(
        "bios", "seabios.bin", memory="16M", more='legacy; protocol = "flat";')),
        until=r"^bios: No bootable device")
    run.expect(r"^bios: SeaBIOS \(version ",
               r"^bios: RamSize: 0x01000000 \[cmos\]$",
               r"^bios: Found 1 PCI devices",
               r"^bios: PCI: init bdf=00:00\.0 id=8086:1237$",
               r"^bios: Found 1 cpu\(s\) max supported 1 cpu\(s\)$",
               r"^bios: CPU Mhz=(99|100|101)$",
               r"^bios: Found 1 serial ports$",
               r"^bios: All threads complete\.$",
               r"^bios: enter handle_18:$")
    assert exits(run).get(EXIT_TIMER, 0) > 40, "IRQ 0 at 18.2 Hz"
    assert EXIT_WINDOW in exits(run), "an interrupt waited until the guest could take it"
