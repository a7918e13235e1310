# SPDX-License-Identifier: Apache-2.0
"""More VMs than there are digits, a view that the configuration chooses, and guests that take what
is typed by each of the interrupt controllers they may have."""
import time

import pytest

from conftest import domain, image_make, machine
from test_console import PREFIX, Line

pytestmark = pytest.mark.xdist_group("console_views")
PASTE = "".join(f"{i:03} not one byte of this is lost\n" for i in range(140))[:4096]


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    """Nine VMs that do not run, and behind them two that send back what they get."""
    folder = tmp_path_factory.mktemp("views")
    later = [domain(f"later{i}", "hello.elf", memory="4M", more='start = "later";')
             for i in range(1, 10)]
    source = machine(*later, domain("pic", "echo.elf", more="legacy;", bootargs="by=pic"),
                     domain("ioapic", "echo.elf"), more='console-view = "ioapic";')
    console = Line(image_make(folder, source), folder, "--cpus", "12")
    yield console
    console.close()


def paste(line):
    """4 KiB at once, and what comes back."""
    line.type(PASTE, "\x04")
    text = line.expect("\x04")
    assert "lost" not in text.replace("is lost", "")
    assert text.endswith(PASTE + "\x04")


def test_a_vm_is_attached_from_the_start_behind_the_boot_log(line):
    text = line.expect(r"\[VM ioapic, running; Ctrl-\] \? for help\]\n.*^echo: ready\n")
    assert "CPUs in VMX operation" in text
    assert "console: Ctrl-] then m: monitor, 1-9: that VM's console, n, p: the next, " in text
    assert "ioapic: echo" not in text and "pic: echo" not in text
    line.type("typed without a prefix\n")
    line.expect(r"^typed without a prefix\n")


def test_a_guest_behind_its_ioapic_loses_nothing_of_a_paste(line):
    paste(line)


def test_n_and_p_go_round_all_vms(line):
    line.type(PREFIX, "n")
    line.expect(r"\[VM later1, stopped; ")
    line.type(PREFIX, "p")
    line.expect(r"\[VM ioapic, running; ")
    line.type(PREFIX, "p")
    line.expect(r"\[VM pic, running; .*^echo: ready\n")
    line.type(PREFIX, "p")
    line.expect(r"\[VM later9, stopped; ")


def test_n_and_p_lead_from_the_monitor_to_the_first_and_the_last_vm(line):
    line.type(PREFIX, "m")
    line.expect(r"\[monitor; ")
    line.type(PREFIX, "p")
    line.expect(r"\[VM ioapic, running; ")
    line.type(PREFIX, "m")
    line.expect(r"\[monitor; ")
    line.type(PREFIX, "n")
    line.expect(r"\[VM later1, stopped; ")


def test_letters_are_the_keys_of_vms_behind_the_ninth(line):
    line.type(PREFIX, "?")
    line.expect(r"\[1: VM later1, stopped\].*\[9: VM later9, stopped\]\n+"
                r"\[A: VM pic, running\]\n+\[B: VM ioapic, running\]\n")
    line.type(PREFIX, "B")
    line.expect(r"\[VM ioapic, running; ")
    line.type(PREFIX, "C")
    line.expect(r"\[B: VM ioapic, running\]\n")
    line.type(PREFIX, "A")
    line.expect(r"\[VM pic, running; ")


def test_a_guest_behind_its_pic_loses_nothing_of_a_paste(line):
    line.type("a")
    line.expect("a")
    paste(line)
    time.sleep(1)
    line.type("and it is not stuck\n")
    line.expect(r"^and it is not stuck\n")
