# SPDX-License-Identifier: Apache-2.0
"""What is left of a VM that crashed: registers, a backtrace that fits the guest's own symbols, the
bytes of its code, its last exits, its other vCPUs."""
import re
import struct
import subprocess

import pytest

from conftest import BUILD, boot_in, domain, machine

GUEST = f"{BUILD}/guests/hostile.elf"
QUIET = 'log-level = "notice";'

# Ending of the hostile guest, what the record says of why, and the function that RIP is in.
CRASHES = {
    "triple-fault": ("triple fault of vCPU 0", "end_triple_fault"),
    "idt-hole": (r"event delivery of vCPU 0 through gpa d0000\w+, which is no RAM", "end_idt_hole"),
    "stack-hole": (r"event delivery of vCPU 0 through gpa d0000\w+, which is no RAM",
                   "end_stack_hole"),
    "cr3-hole": (r"event delivery of vCPU 0 through gpa d0000\w+, which is no RAM", "end_cr3_hole"),
}


def functions():
    """The guest's functions as (address, size, name)."""
    lines = subprocess.run(["nm", "-S", GUEST], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    found = [line.split() for line in lines]
    return [(int(f[0], 16), int(f[1], 16), f[3]) for f in found if len(f) == 4 and f[2] in "tT"]


def function_at(address):
    for start, size, name in functions():
        if start <= address < start + size:
            return name
    return None


def code_at(address, count):
    """Bytes of the guest's file (ELF-64) at an address of its code."""
    with open(GUEST, "rb") as file:
        data = file.read()
    headers, = struct.unpack_from("<Q", data, 32)
    for i in range(struct.unpack_from("<H", data, 56)[0]):
        kind, _, offset, start, _, size, _, _ = struct.unpack_from("<IIQQQQQQ", data,
                                                                   headers + 56 * i)
        if kind == 1 and start <= address < start + size:
            return data[offset + address - start:][:count]
    return b""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    source = machine(*[domain(name, "hostile.elf", cpus=2 if name == "triple-fault" else 1,
                              memory="8M", bootargs=f"attacks=0 brief ending={name}")
                       for name in CRASHES], more=QUIET)
    return boot_in(tmp_path_factory.mktemp("crashes"), source, cpus=5, timeout=240)


def record(run, name):
    """The lines of a VM's record, without time and CPU. Records do not mix with one another only
    when each is looked for by its VM's CPU, which prints it."""
    lines = re.findall(r"^\[ *\d+\.\d+\] +(\d+) (.*)$", run.text, re.M)
    starts = [i for i, (_, text) in enumerate(lines) if text.startswith(f"crash 1 of VM {name}:")]
    assert len(starts) == 1, run.text
    cpu = lines[starts[0]][0]
    own = [text for number, text in lines[starts[0]:] if number == cpu]
    ends = [i for i, text in enumerate(own) if text.startswith(f"warning: VM {name} crashed")]
    assert ends, run.text
    return "\n".join(own[:ends[0]])


@pytest.mark.xdist_group("crash-records")
@pytest.mark.parametrize("name", CRASHES)
def test_a_record_leads_to_the_place_in_the_guest(run, name):
    why, where = CRASHES[name]
    text = record(run, name)
    assert re.search(rf"^crash 1 of VM {name}: {why}$", text, re.M), text
    assert re.search(r"^  at \d+\.\d{6} s, \d+ s since 1970, after \d+ ms; by vCPU 0$", text, re.M)
    rip = int(re.search(r"  RIP ([0-9a-f]+)  RSP", text)[1], 16)
    frames = [int(frame, 16) for frame in re.findall(r"^  #\d+ ([0-9a-f]{16})$", text, re.M)]
    assert frames[0] == rip and function_at(rip) == where, text
    if name != "cr3-hole":
        assert bytes.fromhex(re.search(r"code, from RIP on: ([0-9a-f ]+)$", text, re.M)[1]
                             ) == code_at(rip, 16)
    assert "the last exits, oldest first:\n" in text


@pytest.mark.xdist_group("crash-records")
@pytest.mark.parametrize("name", ["triple-fault", "idt-hole"])
def test_a_backtrace_names_the_callers(run, name):
    frames = re.findall(r"^  #\d+ ([0-9a-f]{16})$", record(run, name), re.M)
    names = [function_at(int(frame, 16)) for frame in frames]
    assert names[1] == "guest_main" and len(names) >= 3, names


@pytest.mark.xdist_group("crash-records")
def test_a_stack_in_the_void_is_told_as_unreadable(run):
    assert "stack, from RSP on: not readable\n" in record(run, "stack-hole")
    text = record(run, "cr3-hole")
    assert "code, from RIP on: not readable" in text and "  #1 " not in text, text


@pytest.mark.xdist_group("crash-records")
def test_the_registers_are_the_guests(run):
    text = record(run, "triple-fault")
    rsp = int(re.search(r"^  RSP ([0-9a-f]{16})", text, re.M)[1], 16)
    rbp = int(re.search(r"RBP ([0-9a-f]{16})", text)[1], 16)
    assert rsp == int(re.search(r"  RSP ([0-9a-f]+)  RFLAGS", text)[1], 16) and rsp <= rbp
    # What stands at RBP is the frame that the backtrace begins with.
    stack = [word for line in re.findall(r"^((?:  [0-9a-f]{16})+)$", text, re.M)
             for word in line.split()]
    assert stack[(rbp - rsp) // 8 + 1] == re.findall(r"^  #1 ([0-9a-f]{16})$", text, re.M)[0]
    assert re.search(r"  CR0 8\w+  CR3 [0-9a-f]+000  CR4 ", text) and "IDTR limit 0 " in text
    assert "  2   triple fault" in text.splitlines()[-2:][0] + text.splitlines()[-1]


@pytest.mark.xdist_group("crash-records")
def test_other_vcpus_are_in_the_record(run):
    assert re.search(r"^vCPU 1:  (waits for its SIPI|RIP [0-9a-f]{16}  RSP [0-9a-f]{16}  CR3 \w+)$",
                     record(run, "triple-fault"), re.M)
