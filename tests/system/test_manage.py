# SPDX-License-Identifier: Apache-2.0
"""A VM with `manage` beside others: every call, rightly and wrongly, from inside of guests."""
import pytest

from conftest import boot_in, domain, machine

MANAGE = 'permissions = "manage";'
CHECKS = ("ring-restart", "doorbell", "coalesce", "state-event", "log-event", "room", "ring",
          "ring-full", "ring-nonsense", "ring-input", "ring-log", "machine", "vms", "prefix",
          "log-level", "errors", "log", "console", "missed", "echo", "paste", "plan", "no-crash", "crash",
          "pause", "stop", "restarts", "nmi", "pause-self")


def role(name, more=""):
    return domain(name, "manager.elf", memory="4M", bootargs=f"role={name}", more=more)


@pytest.fixture(scope="module")
def managed(tmp_path_factory):
    """One CPU is no VM's: it looks after the console, so that the others' exits are their own."""
    checks = " ".join(f"check={name}" for name in CHECKS) + " restarts=100"
    source = machine(domain("boss", "manager.elf", memory="8M", more=MANAGE, bootargs=checks),
                     domain("other", "manager.elf", memory="4M", more=MANAGE,
                            bootargs="check=stop-self"),
                     domain("crasher", "hostile.elf", memory="8M",
                            bootargs="attacks=0 brief ending=triple-fault"),
                     role("count"), role("echo"), role("denied"),
                     domain("clock", "rt.elf", memory="8M", more="real-time;",
                            bootargs="report=500 brief"), more='log-level = "notice";')
    return boot_in(tmp_path_factory.mktemp("managed"), source, cpus=8, timeout=400,
                   until=r"boss: manager: \d+ of \d+ checks|VM boss crashed")


@pytest.mark.xdist_group("managed")
@pytest.mark.parametrize("name", CHECKS)
def test_a_manager_finds(managed, name):
    managed.expect(rf"^boss: manager: {name} ok$")


@pytest.mark.xdist_group("managed")
def test_nothing_failed(managed):
    assert not managed.has(r"FAILED|died|VM (boss|count|echo|denied|clock) crashed"), managed.text + managed.ending
    managed.expect(rf"^boss: manager: {len(CHECKS)} of {len(CHECKS)} checks")


@pytest.mark.xdist_group("managed")
def test_a_neighbour_is_restarted_a_hundred_times(managed):
    managed.expect(r"^boss: manager: 100 restarts$")
    assert len(managed.find(r"VM count ended: restarted by boss$")) >= 100


@pytest.mark.xdist_group("managed")
def test_a_manager_can_stop_itself(managed):
    managed.expect(r"VM other ended: stopped by other$")


@pytest.mark.xdist_group("managed")
def test_without_the_right_every_call_is_refused(managed):
    managed.expect(r"^denied: denied: 64 of 64 calls refused, memory untouched$")


@pytest.mark.xdist_group("managed")
def test_an_idle_manager_wakes_by_the_doorbell_alone(managed):
    wakes, bells, calls, exits = map(int, managed.find(
        r"^boss: manager: (\d+) wakes, (\d+) doorbells, (\d+) calls, (\d+) exits$")[0])
    assert wakes == 20 and 0 < bells <= calls
    assert exits == calls


@pytest.mark.xdist_group("managed")
def test_a_real_time_vm_does_not_notice(managed):
    reports = managed.find(r"^clock: rt: 500 ticks of 1000 us: .* (\d+) lost$")
    assert reports and set(reports) == {"0"}
    assert set(managed.find(r"^clock: rt: (\d+) exits meanwhile$")) == {"0"}


@pytest.mark.parametrize("right", ["", MANAGE], ids=["without", "with"])
def test_attacks_with_management_calls_leave_the_neighbour_alone(boot, right):
    """A neighbour that checks its RAM and a 1 ms tick. With the right it may be watched, too."""
    source = machine(domain("wild", "hostile.elf", more=right,
                            bootargs="attacks=20000 only=call-manage seed=5 brief"),
                     domain("neighbour", "neighbour.elf", memory="4M",
                            bootargs="rounds=20 report=5 rest=50000"),
                     more='log-level = "notice";')
    run = boot(source, cpus=3, timeout=240)
    assert run.code == 0, run.text + run.ending
    run.expect(r"^wild: hostile: 20000 attacks, \d+ faults, 0 suspects$",
               r"VM wild ended: power-off by hypercall",
               r"^neighbour: neighbour: ok after 20 rounds$", r"switching the machine off$")
    assert not run.has(r"FAILED|died|crashed")
