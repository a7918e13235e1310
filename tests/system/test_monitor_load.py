# SPDX-License-Identifier: Apache-2.0
"""The monitor at a busy machine: a VM restarted a hundred times and ended in each state by commands
that are typed, consoles that change all the time, beside a VM in real time that notices nothing."""
import re

import pytest

from conftest import domain, image_make, machine
from test_console import PREFIX
from test_monitor import Monitor

pytestmark = pytest.mark.xdist_group("monitor_load")
TIMES = 100
SWITCHES = 25


@pytest.fixture(scope="module")
def monitor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("monitor_load")
    crash = "attacks=0 brief ending=triple-fault"
    line = Monitor(image_make(folder, machine(
        domain("again", "hello.elf", memory="4M", bootargs="ticks=1 stay"),
        domain("rt", "rt.elf", memory="8M", more="real-time;", bootargs="brief report=100"),
        domain("count", "manager.elf", memory="8M", bootargs="role=count every=10000"),
        domain("echo", "echo.elf", memory="4M"),
        domain("loops", "hostile.elf", memory="8M", bootargs=crash,
               more='on-crash = "restart"; restart-max = <1000>; start = "later";'),
        more='console-view = "monitor";')), folder, "--cpus", "6")
    line.expect("bulkhead> ")
    yield line
    line.close()


def state(monitor, name, regex):
    return monitor.wait("vm_list", rf"^ +\d+ +{name} +{regex}")


def check_undisturbed(monitor, at_least):
    """What the VM in real time has printed since it was shown last."""
    monitor.type("vm_console rt\r")
    text = monitor.expect(r"\[VM rt, running.*(rt: 100 ticks.*){%d}\n" % at_least)
    lost = re.findall(r"^rt: 100 ticks of 1000 us: .* (\d+) lost$", text, re.M)
    assert len(lost) >= at_least and set(lost) == {"0"}
    assert set(re.findall(r"^rt: (\d+) exits meanwhile$", text, re.M)) == {"0"}
    monitor.open()


def test_a_vm_restarted_a_hundred_times_disturbs_nobody(monitor):
    check_undisturbed(monitor, 1)
    for i in range(1, TIMES + 1):
        monitor.says("restart again", r"^VM again restarts\.$")
        state(monitor, "again", rf"running +1 +4 +\d+ +{i} +0 +restarted by the monitor$")
    check_undisturbed(monitor, 5)


@pytest.mark.parametrize("before, command, after", [
    ("running", "stop", "stopped"), ("paused", "stop", "stopped"),
    ("paused", "restart", "running"), ("stopped", "restart", "running"),
])
def test_a_vm_is_ended_from_each_state(monitor, before, command, after):
    ways = {"running": (), "paused": ("pause again",), "stopped": ("stop again",)}
    if not re.search(r" again +running", monitor.ask("vm_list")):
        monitor.says("start again", r"^VM again starts\.$")
    state(monitor, "again", "running")
    for way in ways[before]:
        monitor.ask(way)
    state(monitor, "again", before)
    monitor.says(f"{command} again", r"^VM again (stops|restarts)\.$")
    state(monitor, "again", after)


def test_a_vm_is_ended_while_it_waits_for_its_next_start(monitor):
    monitor.says("start loops", r"^VM loops starts\.$")
    state(monitor, "loops", "waiting")
    monitor.says("stop loops", r"^VM loops stops\.$")
    state(monitor, "loops", "stopped")
    monitor.says("crash loops", r"of VM loops: triple fault of vCPU 0$")


def test_consoles_change_all_the_time_under_load(monitor):
    """count prints a line each ten milliseconds."""
    for i in range(SWITCHES):
        monitor.type(PREFIX, "3")
        text = monitor.expect(r"\[VM count, running; .*?^count \d+\n(count \d+\n){5}")
        shown = [int(number) for number in re.findall(r"^count (\d+)$", text, re.M)][1:]
        if "lost" not in text:
            assert shown == list(range(shown[0], shown[0] + len(shown)))
        monitor.type(PREFIX, "4", f"switch {i}.")
        text = monitor.expect(rf"\[VM echo, running; .*?switch {i}\.")
        assert not re.search(r"^count \d", text.split("[VM echo")[1], re.M)
        monitor.open()
        monitor.says("help stop", r"^  stop VM ")
        monitor.type(PREFIX, "a")
        monitor.expect(r"^console: all VMs and the log; .*?^count: count \d+\n")
    monitor.open()
    check_undisturbed(monitor, 5)
