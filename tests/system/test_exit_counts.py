# SPDX-License-Identifier: Apache-2.0
"""Bulkhead's own counters against the emulator's: every exit of every CPU, by reason."""
import collections

import pytest

from conftest import boot_in, domain, machine

pytestmark = pytest.mark.xdist_group("exit_counts")

# The VM's name -> its CPUs.
PLACES = {"two": (0, 2), "wild": (1,), "twice": (3,)}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Guests that exit for many reasons, on several CPUs, and one that is started again."""
    folder = tmp_path_factory.mktemp("counts")
    source = machine(
        domain("two", "smp.elf", cpus=2, more="cpu-list = <0 2>;"),
        domain("wild", "hostile.elf", more="cpu-list = <1>;", bootargs="seed=3 attacks=4000 brief"),
        domain("twice", "hostile.elf", bootargs="attacks=300 brief ending=triple-fault",
               more='cpu-list = <3>; on-crash = "restart"; restart-max = <1>;'))
    run = boot_in(folder, source, cpus=4, bochs_exits=folder / "exits")
    assert run.code == 0, run.text + run.ending
    return run


def counted_by_bulkhead(run):
    """(CPU, reason) -> exits, added up over the lives of each VM."""
    counts = collections.Counter()
    for name, vcpu, reasons in run.find(r"VM (\S+) vCPU (\d+): exits by reason ([0-9: ]+)$"):
        for entry in reasons.split():
            reason, count = entry.split(":")
            counts[PLACES[name][int(vcpu)], int(reason)] += int(count)
    return counts


def counted_by_bochs(run):
    lines = (run.folder / "exits").read_text().splitlines()
    return collections.Counter({(int(cpu), int(reason)): int(count)
                                for cpu, reason, count in map(str.split, lines)})


def test_the_emulator_saw_the_same_exits(run):
    ours, theirs = counted_by_bulkhead(run), counted_by_bochs(run)
    assert ours == theirs
    assert {cpu for cpu, _ in ours} == {0, 1, 2, 3}
    assert len({reason for _, reason in ours}) >= 20


def test_the_sum_is_the_sum_of_the_reasons(run):
    counts = counted_by_bulkhead(run)
    totals = collections.Counter()
    for name, vcpu, total in run.find(r"VM (\S+) vCPU (\d+): (\d+) exits, \d+ ticks in Bulkhead"):
        totals[PLACES[name][int(vcpu)]] += int(total)
    for cpu in range(4):
        assert totals[cpu] == sum(n for (c, _), n in counts.items() if c == cpu)


def test_a_vm_that_runs_again_is_counted_anew(run):
    """The second life does the same as the first, but for kicks and console polling."""
    lives = [int(n) for n in run.find(r"VM twice vCPU 0: (\d+) exits,")]
    assert len(lives) == 2
    assert abs(lives[0] - lives[1]) < lives[0] // 10


def test_denied_accesses_are_counted(run):
    denied = dict(run.find(r"VM (\S+) vCPU 0: \d+ exits, \d+ ticks in Bulkhead, (\d+) denied"))
    assert int(denied["two"]) == 0
    assert int(denied["wild"]) > 1000
