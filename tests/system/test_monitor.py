# SPDX-License-Identifier: Apache-2.0
"""The monitor in somebody's hands: every command, every answer in words, and that the session in
docs/operating.md is what the program prints today (numbers apart)."""
import re

import pytest

from conftest import TREE, domain, image_make, machine
from test_console import PREFIX, Line

pytestmark = pytest.mark.xdist_group("monitor")
PROMPT = "bulkhead> "


class Monitor(Line):
    """The line with the monitor on it."""

    def open(self):
        self.type(PREFIX, "m")
        self.expect(re.escape(PROMPT))

    def ask(self, command):
        """A command's answer."""
        self.type(command + "\r")
        text = self.expect(r"\n" + re.escape(PROMPT) + r"\x1b\[K$")
        return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text).split("\n", 1)[1].rsplit("\n", 1)[0]

    def says(self, command, regex):
        answer = self.ask(command)
        assert re.search(regex, answer, re.M), f"{command}: no {regex!r} in\n{answer}"
        return answer

    def wait(self, command, regex):
        """Asks until the answer is as it should be."""
        for _ in range(300):
            answer = self.ask(command)
            if re.search(regex, answer, re.M):
                return answer
        raise AssertionError(f"{command}: never {regex!r}, at last\n{answer}")


@pytest.fixture(scope="module")
def monitor(tmp_path_factory):
    """Three guests: one to play with, one in real time, one that has crashed."""
    folder = tmp_path_factory.mktemp("monitor")
    source = machine(
        domain("hello", "hello.elf", cpus=1, more="faults;", bootargs="stay"),
        domain("rt", "rt.elf", more="real-time;", bootargs="brief report=100"),
        domain("wild", "hostile.elf", memory="8M", bootargs="attacks=0 brief ending=triple-fault"))
    line = Monitor(image_make(folder, source), folder, "--cpus", "4")
    line.expect(r"VM wild crashed")
    line.expect(r"^rt: rt: 100 ticks")
    line.open()
    yield line
    line.close()


def masked(text):
    """Numbers, and how wide the columns are that they make, do not count."""
    text = re.sub(r"\b(0x)?[0-9a-f]{2,}\b|\b\d\b", "N", text)
    return [re.sub(r"\s+", " ", line).strip() for line in text.splitlines()]


def recorded():
    """(command, answer) of the session in the manual."""
    with open(f"{TREE}/docs/operating.md", encoding="utf-8") as page:
        session = re.search(r"^```monitor\n(.*?)^```", page.read(), re.M | re.S)[1]
    for piece in session.split(PROMPT)[1:]:
        command, _, answer = piece.partition("\n")
        yield command, answer.rstrip("\n")


def test_the_session_in_the_manual_is_what_happens_today(monitor):
    commands = list(recorded())
    assert len(commands) >= 15
    for command, answer in commands:
        monitor.wait("vm_list", r"hello +(running|paused|stopped)")
        assert masked(monitor.ask(command)) == masked(answer), command


def test_every_command_has_its_line_of_help(monitor):
    names = re.findall(r"^  (\w+)", monitor.ask("help"), re.M)
    assert len(names) >= 20
    for name in names:
        monitor.says(f"help {name}", rf"^  {name}\b.*\S$")


@pytest.mark.parametrize("command, answer", [
    ("nonsense", r'^There is no command "nonsense"; help lists them\.$'),
    ("start", r"^It is used like this: start VM$"),
    ("start a b", r"^It is used like this: start VM$"),
    ("a b c d e f g h i j", r'^There is no command "a"'),
    ("start nobody", r'^There is no VM "nobody"; vm_list shows those there are\.$'),
    ("start rt", r"^VM rt is running: that cannot be done now\.$"),
    ("resume rt", r"^VM rt is running: that cannot be done now\.$"),
    ("stop wild", r"^VM wild is crashed: that cannot be done now\.$"),
    ("registers rt", r"^VM rt is running, not paused: pause it first\.$"),
    ("registers rt:7", r"^VM rt has 1 vCPUs, numbered from 0\.$"),
    ("registers rt:x", r'^"x" is not a number from 0 to 0x3f\.$'),
    ("inject mce rt", r'^Only "nmi" can be injected, not "mce"\.$'),
    ("inject nmi wild", r"^vCPU 0 of VM wild does not run\.$"),
    ("fault rt nmi", r"^The configuration of VM rt does not allow faults\.$"),
    ("fault hello havoc", r'^"havoc" is not understood; docs/faults\.md has the words\.$'),
    ("crash rt", r"^VM rt has not crashed\.$"),
    ("cpuid 0x100000000", r'^"0x100000000" is not a number from 0 to 0xffffffff\.$'),
    ("cpuid 0.-1", r'^"-1" is not a number'),
    ("cpuid 18446744073709551617", r"is not a number"),
    ("rdmsr 0x79", r'^"0x79" is not among the MSRs that are safe to read\.$'),
    ("rdmsr IA32_NOTHING", r'^"IA32_NOTHING" is not among'),
    ("log sideways", r'^"sideways" is not a number'),
    ("log level loud", r'^Levels are error, warning, notice, info, debug; not "loud"\.$'),
    ("reboot", r"^VMs run\. To do it all the same: reboot now$"),
    ("poweroff maybe", r'^"maybe" is not understood; "now" is\.$'),
])
def test_a_mistake_is_answered_by_a_sentence(monitor, command, answer):
    monitor.says(command, answer)


def test_vms_stop_start_and_restart_while_the_neighbour_notices_nothing(monitor):
    monitor.says("stop hello", r"^VM hello stops\.$")
    monitor.wait("vm_list", r"^  0  hello +stopped .* stopped by the monitor$")
    monitor.says("start hello", r"^VM hello starts\.$")
    monitor.wait("vm_list", r"^  0  hello +running")
    monitor.says("restart 0", r"^VM hello restarts\.$")
    monitor.wait("vm_list", r"^  0  hello +running .* restarted by the monitor$")
    monitor.says("vm_list", r"^  1  rt +running +1 +16 +\d+ +0 +0 +$")


def test_a_paused_guest_shows_where_it_stands(monitor):
    monitor.says("pause hello", r"^VM hello pauses\.$")
    monitor.wait("vm_list", r"^  0  hello +paused")
    rip = re.search(r"^  RIP ([0-9a-f]+)", monitor.ask("registers hello"), re.M)[1]
    monitor.says("backtrace hello:0", rf"^  #0 0*{rip}$")
    monitor.says("vcpu_list hello", r"^  hello +0 .* paused ")
    assert re.search(r"^  RIP ([0-9a-f]+)", monitor.ask("registers hello"), re.M)[1] == rip
    monitor.says("resume hello", r"^VM hello goes on\.$")
    monitor.wait("vm_list", r"^  0  hello +running")


def test_exits_are_counted_by_reason(monitor):
    monitor.says("stats hello", r"^VM hello, rates over \d+ ms:\n(.*\n)*  +10 CPUID +\d+ +\d+/s$")
    text = monitor.ask("stats rt")
    before = int(re.search(r"^ +18 VMCALL +(\d+)", text, re.M)[1])
    again = monitor.wait("stats rt", rf"^ +18 VMCALL +(?!{before}\b)\d+")
    assert int(re.search(r"^ +18 VMCALL +(\d+)", again, re.M)[1]) > before


@pytest.mark.parametrize("key", ["q", "\r", "\x03"])
def test_the_log_is_followed_until_a_key(monitor, key):
    """Neither that key nor others, of which an arrow is three bytes, end in the next line."""
    monitor.type("log follow\r")
    monitor.expect(r"\(q, Enter or Ctrl-C ends this\)\n")
    monitor.expect(r"^rt: rt: 100 ticks.*?^rt: rt: 100 ticks")
    monitor.type("x\x1b[A")
    monitor.expect(r"^rt: rt: 100 ticks.*?^rt: rt: 100 ticks")
    monitor.type(key)
    text = monitor.expect(re.escape(PROMPT))
    assert "x" not in text.splitlines()[-1].replace(PROMPT, "")
    monitor.says("log level", r'^Lines up to "info" are printed\.$')
    monitor.says("vm_list", r"^  1  rt ")


def test_the_log_can_be_read_back(monitor):
    monitor.says("log 200", r"^rt: rt: ")
    assert len(monitor.ask("log all")) > len(monitor.ask("log 200")) + 1000


def test_lines_are_edited_remembered_and_completed(monitor):
    monitor.type("xlog levle")
    monitor.type("\x7f\x7fel\x01\x04\r")
    monitor.expect(r'^Lines up to "info" are printed\.\n')
    monitor.type("\x1b[A", " error", "\r")
    monitor.expect(r'^Lines above "error" are no longer printed\.\n')
    monitor.type("log le\x01\x1b[F\x15", "\x1b[A\x17", "info\r")
    monitor.expect(r'^Lines above "info" are no longer printed\.\n')
    monitor.type("vc\the\t\r")
    monitor.expect(r"^  hello +0 ")


def test_the_machine_is_told_to_go(monitor):
    """Last: nothing is left behind it."""
    monitor.type("poweroff now\r")
    monitor.expect(r"the machine is switched off by the monitor")
    assert monitor.process.wait(60) == 0
