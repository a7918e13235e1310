# SPDX-License-Identifier: Apache-2.0
"""Hostile VMs beside a neighbour that checks every word of its RAM and logs a 1 ms tick."""
import os

import pytest

from conftest import boot_in, domain, machine

QUIET = 'log-level = "notice";'


def neighbour(rounds, rest_us, name="neighbour"):
    return domain(name, "neighbour.elf", memory="4M",
                  bootargs=f"rounds={rounds} report=5 rest={rest_us}")


def neighbour_is_well(run):
    """Saw nothing until its end, and that came after the attacks."""
    assert not run.has(r"^neighbour: .*(FAILED|died)"), run.text
    reports = run.find(r"^neighbour: neighbour: (\d+) ticks, longest gap (\d+) us")
    assert reports and int(reports[-1][0]) > 100
    assert max(int(gap) for _, gap in reports) <= 1500


def attack(boot, attacks, seed, rounds, timeout):
    source = machine(domain("wild", "hostile.elf", bootargs=f"attacks={attacks} seed={seed} brief"),
                     neighbour(rounds, 200_000), more=QUIET)
    run = boot(source, cpus=2, timeout=timeout)
    assert run.code == 0, run.text + run.ending
    run.expect(rf"^wild: hostile: {attacks} attacks, \d+ faults, 0 suspects$",
               r"VM wild ended: power-off by hypercall",
               rf"^neighbour: neighbour: ok after {rounds} rounds$",
               r"switching the machine off$")
    neighbour_is_well(run)
    assert run.text.index("VM wild ended") < run.text.index(f"ok after {rounds} rounds")


def test_attacks_leave_the_neighbour_alone(boot):
    attack(boot, 250_000, seed=7, rounds=50, timeout=600)


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1001, 1002])
def test_soak(boot, seed):
    attacks = int(os.environ.get("SOAK_ATTACKS", "10000000")) // 2
    attack(boot, attacks, seed, rounds=max(10, attacks // 5000), timeout=attacks // 500 + 600)


def test_hostile_vms_beside_each_other(boot):
    """Each attacks all others: seven seeds, one neighbour."""
    names = [f"wild-{seed}" for seed in range(1, 8)]
    source = machine(*[domain(name, "hostile.elf", memory="16M",
                              bootargs=f"attacks=4000 seed={seed + 100} brief")
                       for seed, name in enumerate(names)], neighbour(10, 100_000), more=QUIET)
    run = boot(source, cpus=8, timeout=240)
    assert run.code == 0, run.text + run.ending
    for name in names:
        run.expect(rf"^{name}: hostile: 4000 attacks, \d+ faults, 0 suspects$",
                   rf"VM {name} ended: power-off by hypercall")
    neighbour_is_well(run)


# ---------------------------------------------------------------- attacks that end the VM

# What the log says of a VM that crashed in this way.
NO_RAM = "event delivery of vCPU 0 through gpa d0000[0-9a-f]{3}, which is no RAM"
CRASHES = {
    "triple-fault": "triple fault of vCPU 0",
    "idt-hole": NO_RAM,
    "gdt-hole": NO_RAM,
    "stack-hole": NO_RAM,
    "cr3-hole": NO_RAM,
    "tr-hole": "triple fault of vCPU 0",
}
# The guest gets an exception and says so itself.
SURVIVED = {"code-hole": "#UD", "walk-hole": "#PF"}
# Ends by the guest's own wish: what the log says of the VM's first life. The second ends by itself.
ENDS = {
    "reset-port": "reset by reset control register 0xCF9",
    "keyboard": "reset by keyboard controller",
    "port-92": "reset by port 0x92",
    "acpi": "power-off by ACPI sleep control register",
    "power-off": "power-off by hypercall",
    "restart": "restart by hypercall",
    "init-self": "INIT to its boot processor",
}
# Goes on for ever. Not db-loop: this build of Bochs has no data breakpoints.
CAPTURES = ("ac-loop", "halt", "spin")


def ending(name, more=""):
    return domain(name, "hostile.elf", memory="8M", more=more,
                  bootargs=f"attacks=0 brief ending={name} once")


@pytest.fixture(scope="module")
def crashes(tmp_path_factory):
    source = machine(*[ending(name, 'on-crash = "restart"; restart-max = <1>;')
                       for name in [*CRASHES, *SURVIVED]], neighbour(10, 50_000), more=QUIET)
    return boot_in(tmp_path_factory.mktemp("crashes"), source, cpus=9, timeout=240)


@pytest.fixture(scope="module")
def endings(tmp_path_factory):
    source = machine(*[ending(name) for name in [*CAPTURES, *ENDS]], neighbour(10, 50_000),
                     more=QUIET)
    return boot_in(tmp_path_factory.mktemp("endings"), source, cpus=11,
                   timeout=120, until="neighbour: ok after 10 rounds")


@pytest.mark.xdist_group("crashes")
@pytest.mark.parametrize("name", CRASHES)
def test_a_crash_is_told_in_words_and_restarts_that_vm_alone(crashes, name):
    crashes.expect(rf"^{name}: hostile: ending by {name}$",
                   rf"warning: VM {name} crashed: {CRASHES[name]}$",
                   rf"VM {name} starts again in 100 ms \(restart 1 of at most 1\)$",
                   rf"VM {name} ended: power-off by hypercall$")
    assert len(crashes.find(rf"VM {name} starts: 1 vCPUs")) == 2


@pytest.mark.xdist_group("crashes")
@pytest.mark.parametrize("name", SURVIVED)
def test_an_access_to_nothing_is_an_exception_of_the_guest(crashes, name):
    crashes.expect(rf"^{name}: guest died: {SURVIVED[name]} ",
                   rf"VM {name} ended: power-off by hypercall$")


@pytest.mark.xdist_group("crashes")
def test_crashes_do_not_reach_the_neighbour(crashes):
    assert crashes.code == 0, crashes.ending
    neighbour_is_well(crashes)
    crashes.expect(r"switching the machine off$")


@pytest.mark.xdist_group("endings")
@pytest.mark.parametrize("name", ENDS)
def test_an_end_is_told_in_words_and_concerns_that_vm_alone(endings, name):
    endings.expect(rf"VM {name} ended: {ENDS[name]}$")
    starts = len(endings.find(rf"VM {name} starts: 1 vCPUs"))
    assert starts == (1 if ENDS[name].startswith("power-off") else 2)


@pytest.mark.xdist_group("endings")
@pytest.mark.parametrize("name", CAPTURES)
def test_who_never_ends_harms_nobody(endings, name):
    endings.expect(rf"^{name}: hostile: ending by {name}$")
    assert not endings.has(rf"VM {name} (ended|crashed)")


@pytest.mark.xdist_group("endings")
def test_ends_do_not_reach_the_neighbour(endings):
    assert endings.code == 0, endings.ending
    neighbour_is_well(endings)
