# SPDX-License-Identifier: Apache-2.0
"""Debian's kernel in VMs of other shapes: memory on both sides of 4 GiB, two at once, and many lives
one after the other. See test_linux.py for what time does under Bochs at a start."""
import re

import pytest

from conftest import boot_in, domain, machine
from test_linux import linux, lost_ticks, rt

GIB = 1 << 30


# Bochs keeps 2 GiB at most and the rest in a file, so the large one is for `make soak`.
@pytest.mark.parametrize("mib, machine_mib", [
    (3328, 5120), pytest.param(6144, 8192, marks=pytest.mark.soak)], ids=["3.25-GiB", "6-GiB"])
def test_linux_finds_and_uses_memory_above_4_gib(tmp_path, mib, machine_mib):
    source = machine(linux(words="show=memory", memory=f"{mib}M"))
    run = boot_in(tmp_path, source, cpus=1, memory=machine_mib, timeout=500)
    assert run.code == 0, run.text + run.ending
    # 3 GiB lie below the devices' place in front of 4 GiB, the rest behind it.
    end = 4 * GIB + (mib << 20) - 3 * GIB
    run.expect(r"BIOS-e820: \[mem 0x0000000000100000-0x00000000bfffffff\] usable$",
               rf"BIOS-e820: \[mem 0x0000000100000000-0x{end - 1:016x}\] usable$")
    total_kib = int(run.find(r"linux: MemTotal: +(\d+) kB$")[0])
    assert mib * 1024 * 0.95 < total_kib < mib * 1024
    lowest, highest, wrong = [int(number, 16) for number in run.find(
        r"linux: 32 MiB from (0x\w+) to (0x\w+): (0x\w+) words are wrong$")[0]]
    assert 4 * GIB <= lowest < highest < end and wrong == 0


def test_two_linuxes_are_strangers(tmp_path):
    """One restarts and is there again, while the other does not notice and both keep their memory."""
    source = machine(linux(2, "action=reboot", name="one"),
                     linux(1, "action=idle show=memory", name="two"), rt("report=500"))
    run = boot_in(tmp_path, source, cpus=4, until=r"one: linux: ready$", until_count=2, timeout=400)
    assert run.code == 0, run.text + run.ending
    run.expect(r"one: linux: 6\.\S+, 2 CPUs$", r"two: linux: 6\.\S+, 1 CPUs$",
               r"two: linux: 32 MiB from .*: 0x00000000 words are wrong$",
               r"VM one ended: reset by ACPI reset register$")
    assert len(run.find(r"VM one starts: ")) == 2
    assert len(run.find(r"VM two starts: ")) == len(run.find(r"VM rt starts: ")) == 1
    assert not run.has(r"VM two ended|VM rt ended|crashed")
    lines = run.text.splitlines()
    end = next(i for i, line in enumerate(lines) if "VM one ended" in line)
    again = next(i for i, line in enumerate(lines) if i > end and "VM one starts" in line)
    assert set(lost_ticks("\n".join(lines[end:again]))) <= {0}


def check_lives(run, lives):
    """Every life costs what the second did, to the exit, and has the memory of the first."""
    assert run.code == 0, run.text + run.ending
    reasons = run.find(r"VM linux vCPU 0: exits by reason (.*)$")
    assert len(reasons) == lives
    # The preemption timer polls the log's UART, which in the first life still sends the loader's.
    by_life = [re.sub(r" 52:\d+", "", text) for text in reasons]
    assert set(by_life) == {by_life[0]}
    ticks = [int(text) for text in run.find(r"VM linux vCPU 0: \d+ exits, (\d+) ticks in Bulkhead")]
    assert max(ticks[1:]) <= min(ticks[1:]) * 1.01
    assert len(set(run.find(r"linux: MemTotal: +(\d+) kB$"))) == 1
    assert len(run.find(r"VM linux starts: ")) == lives + 1
    assert len(run.find(r"KiB pool used$")) == 1  # nothing is allocated after the start


def lives_of_linux(folder, lives):
    return boot_in(folder, machine(linux(words="action=reboot show=memory")), cpus=1,
                   until=r"VM linux starts: ", until_count=lives + 1, timeout=30 + 60 * lives)


def test_a_restart_costs_what_the_one_before_cost(tmp_path):
    check_lives(lives_of_linux(tmp_path, 3), 3)


@pytest.mark.soak
def test_linux_restarts_20_times_alike(tmp_path):
    check_lives(lives_of_linux(tmp_path, 20), 20)
