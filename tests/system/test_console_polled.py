# SPDX-License-Identifier: Apache-2.0
"""A machine on which nothing announces a key: the poller looks for them ten times a second."""
import time

import pytest

from conftest import BUILD, domain, image_make, machine
from test_console import Line

pytestmark = pytest.mark.xdist_group("console_polled")
TIMER = 52   # SDM, "VMX Basic Exit Reasons": VMX-preemption timer expired
SECONDS = 5
TICKS_A_SECOND = 100_000_000  # tools/run's ips


class Polled(Line):
    def __init__(self, folder, cpus):
        source = machine(domain("echo", "echo.elf"), more='console-view = "echo";')
        image = image_make(folder, source, f"{BUILD}/test/no_ioapic.efi")
        self.trace = folder / "trace"
        super().__init__(image, folder, "--cpus", str(cpus), "--bochs-trace", str(self.trace))
        self.expect(r"\[VM echo, running; .*^echo: ready\n")

    def exits(self):
        """(tick, reason) of each exit up to now."""
        with open(self.trace, encoding="ascii") as trace:
            return [(int(words[0]), int(words[2]))
                    for words in map(str.split, trace) if len(words) == 5]

    def echoes(self):
        for word in ("a", "few", "words\n"):
            self.type(word)
            self.expect(word)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """One CPU, and it is the VM's."""
    line = Polled(tmp_path_factory.mktemp("alone"), 1)
    yield line
    line.close()


@pytest.fixture(scope="module")
def beside(tmp_path_factory):
    """A CPU without a VM beside the VM's."""
    line = Polled(tmp_path_factory.mktemp("beside"), 2)
    yield line
    line.close()


def test_keys_reach_a_vm_on_the_cpu_that_polls(alone):
    alone.echoes()


def test_a_guest_on_that_cpu_has_ten_exits_a_second(alone):
    deadline = time.monotonic() + 200
    begin = end = 0
    exits = []
    while not exits or exits[-1][0] < end:  # each poll is an exit, so time goes on in the trace
        assert time.monotonic() < deadline
        time.sleep(0.2)
        exits = alone.exits()
        begin = max(tick for tick, reason in exits if reason != TIMER) + TICKS_A_SECOND
        end = begin + SECONDS * TICKS_A_SECOND
    reasons = [reason for tick, reason in exits if begin <= tick < end]
    assert set(reasons) == {TIMER}
    assert abs(len(reasons) - 10 * SECONDS) <= 1


def test_a_paste_into_silence_arrives(alone):
    """Bochs's UART takes a byte only when the one before was read: its FIFO cannot overrun."""
    time.sleep(1)
    alone.type("0123456789" * 10 + "\n")
    assert alone.expect(r"\n").count("0123456789") == 10


def test_keys_reach_a_vm_beside_the_cpu_that_polls(beside):
    beside.echoes()


def test_a_guest_beside_that_cpu_has_no_exit_in_silence(beside):
    beside.type("x")
    beside.expect("x")
    time.sleep(1)
    before = len(beside.exits())
    time.sleep(3)
    assert len(beside.exits()) == before
    beside.echoes()
