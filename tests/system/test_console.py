# SPDX-License-Identifier: Apache-2.0
"""The serial line in somebody's hands: one VM's console at a time, both ways, nothing lost."""
import collections
import hashlib
import os
import re
import socket
import subprocess
import time

import pytest

from conftest import TREE, domain, image_make, machine
from test_linux import QUIET

pytestmark = pytest.mark.xdist_group("console")
PREFIX = b"\x1d"
PATIENCE = 240
LINES = 128


class Line:
    """The console of a running machine, as a person at a terminal has it."""

    def __init__(self, image, folder, *options):
        path = f"{folder}/socket"
        command = [f"{TREE}/tools/run", image, "--socket", path, "--timeout", "500", *options]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not os.path.exists(path):
            assert self.process.poll() is None
            time.sleep(0.05)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.settimeout(1)
        self.waiting = ""

    def type(self, *keys):
        for key in keys:
            self.socket.sendall(key.encode() if isinstance(key, str) else key)

    def expect(self, regex):
        """Everything up to the end of the first match."""
        deadline = time.monotonic() + PATIENCE
        while True:
            match = re.search(regex, self.waiting, re.M | re.S)
            if match:
                text, self.waiting = self.waiting[:match.end()], self.waiting[match.end():]
                return text
            assert time.monotonic() < deadline, f"no {regex!r} in\n{self.waiting}"
            try:
                data = self.socket.recv(65536)
            except socket.timeout:
                continue
            assert data, f"the machine has ended; no {regex!r} in\n{self.waiting}"
            self.waiting += data.decode(errors="replace").replace("\r", "")

    def close(self):
        self.process.terminate()
        self.process.wait()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("console")


@pytest.fixture(scope="module")
def line(folder):
    """Linux with a shell, a guest that prints all the time, one that has ended."""
    ramdisk = 'ramdisk { compatible = "module,ramdisk"; file = "initramfs.cpio"; };'
    source = machine(
        domain("linux", "vmlinuz", memory="128M", more=ramdisk, bootargs=QUIET + "shell"),
        domain("rt", "rt.elf", more="real-time; cpu-list = <1>;", bootargs="brief report=100"),
        domain("gone", "hello.elf", bootargs="ticks=5"))
    console = Line(image_make(folder, source), folder, "--cpus", "3", "--bochs-trace",
                   str(folder / "trace"))
    yield console
    console.close()


def exits(folder):
    """CPU -> exits up to now."""
    with open(folder / "trace", encoding="ascii") as trace:
        return collections.Counter(words[1] for words in map(str.split, trace) if len(words) == 5)


def test_the_banner_says_how_to_reach_a_console(line):
    line.expect(r"console: Ctrl-\] then m: monitor, 1-9: that VM's console.*\?: help$")


def test_attaching_replays_and_shows_nobody_else(line):
    line.expect(r"^linux: linux: ready$")
    line.expect(r"^rt: rt: 100 ticks")
    line.type(PREFIX, "1")
    text = line.expect(r"\[VM linux, running; Ctrl-\] \? for help\]\n.*^linux: ready$.*/ # ")
    raw = text[text.index("[VM linux"):]
    assert "rt: " not in raw and "linux: linux:" not in raw


def test_keys_reach_the_shell_and_its_words_come_back_raw(line):
    line.type("echo 6 times 7 is $((6*7))\r")
    text = line.expect(r"^6 times 7 is 42\n/ # ")
    assert "rt: " not in text and "linux: " not in text


def test_a_paste_of_4_kib_loses_nothing(line):
    text = "".join(f"{i:03} nothing of this line is lost\n" for i in range(LINES))
    assert len(text) >= 4096
    line.type("stty -echo; cat >/tmp/pasted; stty echo; md5sum /tmp/pasted\r")
    line.expect(r"md5sum /tmp/pasted\n")
    time.sleep(1)
    line.type(text, b"\x04")
    digest = re.search(r"([0-9a-f]{32})  /tmp/pasted", line.expect(r"  /tmp/pasted\n"))[1]
    assert digest == hashlib.md5(text.encode()).hexdigest()


def test_a_flood_arrives_whole_and_in_order(line):
    line.type("i=0; while [ $i -lt 400 ]; do echo line $i of the flood; i=$((i+1)); done; echo end\r")
    text = line.expect(r"^end\n")
    assert re.findall(r"^line (\d+) of the flood$", text, re.M) == [str(i) for i in range(400)]
    assert "lost" not in text.replace("nothing of this line is lost", "")


def test_what_is_printed_while_detached_is_replayed(line):
    line.type("sleep 1; echo while $((40+2)) nobody looked\r")
    line.type(PREFIX, "2")
    line.expect(r"\[VM rt, running.*rt: 100 ticks")
    line.expect(r"rt: 100 ticks.*rt: 100 ticks.*rt: 100 ticks.*rt: 100 ticks")
    line.type(PREFIX, "1")
    text = line.expect(r"while 42 nobody looked\n")
    assert "rt: " not in text[text.index("[VM linux"):]


def test_a_control_bracket_itself_can_be_typed(line):
    line.type("cat -v\r")
    line.type(PREFIX, "]", "x\r")
    line.expect(r"\^\]x\n")
    line.type(b"\x03")
    line.expect(r"/ # ")


def test_keys_for_a_vm_that_has_ended_are_refused_in_words(line):
    line.type(PREFIX, "3", "abc")
    text = line.expect(r"\[VM gone is stopped: keys do not reach it\]")
    assert "[VM gone, stopped; " in text


def test_help_names_the_vms(line):
    line.type(PREFIX, "?")
    line.expect(r"\[1: VM linux, running\].*\[2: VM rt, running\].*\[3: VM gone, stopped\]")


def test_the_view_of_all_goes_on_with_what_came_meanwhile(line):
    line.type(PREFIX, "a")
    text = line.expect(r"^console: all VMs and the log; ")
    line.type("x")
    text += line.expect(r"^console: keys go to no VM here; ")
    torn = [one for one in text.splitlines() if "ticks of 1000 us" in one
            and not re.match(r"rt: rt: 100 ticks of 1000 us: ", one)]
    assert not torn


def test_typing_costs_a_real_time_vm_no_exit(line, folder):
    """rt prints by hypercall or UART, at its own pace; in silence it has no exit at all."""
    line.type(PREFIX, "1", "\r")
    line.expect(r"/ # ")
    before = exits(folder)
    for _ in range(20):
        line.type("echo $((1+1))\r")
        line.expect(r"^2\n/ # ")
    after = exits(folder)
    assert after["0"] > before["0"]  # the shell's own CPU
    # NMIs and timers are what polling would cost; rt's are all its own printing.
    with open(folder / "trace", encoding="ascii") as trace:
        foreign = [one for one in map(str.split, trace)
                   if len(one) == 5 and one[1] == "1" and int(one[2]) in (0, 52)]
    assert len(foreign) <= 2  # its start
