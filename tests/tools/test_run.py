# SPDX-License-Identifier: Apache-2.0
"""tools/run: exit codes, what it says, and that nothing is left behind (the
`run` fixture looks for that after every test). The machines boot the subject."""

import hashlib
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import zlib

import pexpect
import pytest

from conftest import RUN, TREE

FAST = ("--cpus", 1, "--memory", 256, "--timeout", 90)
PATIENCE = 120  # seconds; a busy host is ten times slower than an idle one
BOTH_RIGS = pytest.mark.parametrize("rig", ["bochs", "qemu"])


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Keyboard:
    """A client of --socket."""

    def __init__(self, path):
        wait_for(lambda: os.path.exists(path))
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.connect(path)
        self.connection.settimeout(PATIENCE)
        self.seen = b""

    def expect(self, text):
        while text not in self.seen:
            data = self.connection.recv(4096)
            assert data, self.seen
            self.seen += data
        self.seen = self.seen.split(text, 1)[1]

    def press(self, keys):
        self.connection.sendall(keys)


# ------------------------------------------------------------------ usage

@pytest.mark.parametrize("arguments", [
    [], ["/nonexistent.img"], ["IMAGE", "--rig", "vax"], ["IMAGE", "--cpus", "0"],
    ["IMAGE", "--cpus", "16"], ["IMAGE", "--cpus", "two"], ["IMAGE", "--memory", "1"],
    ["IMAGE", "--until", "("], ["IMAGE", "--forward", "80"], ["IMAGE", "--forward", "1:0"],
    ["IMAGE", *["--forward", "0:80"] * 6], ["IMAGE", "--time0", "noon"],
    ["IMAGE", "--rig", "qemu", "--exact"], ["IMAGE", "--rig", "qemu", "--bochs-exits", "f"],
    ["IMAGE", "--bogus"]])
def test_usage_errors_end_with_2(run, image_of, arguments):
    code, out, err = run(*[image_of() if word == "IMAGE" else word for word in arguments])
    assert code == 2 and out == "" and "error:" in err


def test_taken_port_is_refused_by_number(run, image_of):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = run(image_of(), "--forward", f"{port}:80")
    assert code == 2 and str(port) in err


def test_kvm_that_cannot_run_a_hypervisor_is_refused_in_words(run, image_of):
    with open("/proc/cpuinfo", encoding="ascii") as file:
        if " vmx " in file.read():
            pytest.skip("this machine may have a usable KVM")
    code, _, err = run(image_of(), "--rig", "kvm")
    assert code == 2 and "VT-x" in err


# ------------------------------------------------------------------ ends

@BOTH_RIGS
def test_awaited_text_ends_with_0(run, image_of, rig):
    code, out, err = run(image_of(), *FAST, "--rig", rig, "--until", "^subject r[e]ady")
    assert code == 0
    assert "subject ready" in out and "\x1b" not in out
    assert err == "run: the awaited text appeared: subject ready\n"


@pytest.mark.parametrize("rig, command", [("bochs", "o"), ("bochs", "s"), ("qemu", "s")])
def test_switching_off_ends_with_0(run, image_of, rig, command):
    code, out, err = run(image_of(command), *FAST, "--rig", rig)
    assert code == 0 and "off by" in out and "switched itself off" in err


def test_switching_off_before_the_awaited_text_says_so(run, image_of):
    code, _, err = run(image_of("o"), *FAST, "--until", "never said")
    assert code == 0 and "'never said' not seen" in err


def test_awaited_text_just_before_the_end_counts(run, image_of):
    code, _, err = run(image_of("o"), *FAST, "--until", "off by port")
    assert code == 0 and "awaited" in err


@BOTH_RIGS
def test_panic_ends_with_1_after_its_whole_report(run, image_of, rig):
    code, out, err = run(image_of("p"), *FAST, "--rig", rig, "--until", "never said")
    assert code == 1
    assert "the last line of the report" in out
    assert "panic: [    1.000] PANIC: a test" in err


def test_a_panic_that_resets_the_machine_is_no_end_for_who_waits_for_a_text():
    sys.path.insert(0, os.path.join(TREE, "tools"))
    from runlib.text import Lines
    report = b"PANIC: a test\n[ 1.0] 0 error: the machine is reset (on-panic = \"reset\")\n"
    waiting = Lines(re.compile("second boot"))
    waiting.feed(report)
    assert waiting.panic_line is None
    waiting.feed(b"PANIC: another\n[ 1.0] 0 error: the machine is halted\n")
    assert waiting.panic_line == "PANIC: another"
    alone = Lines(None)
    alone.feed(report)
    assert alone.panic_line == "PANIC: a test"


def test_panic_followed_by_power_off_is_still_a_panic(run, image_of):
    code, _, err = run(image_of("po"), *FAST)
    assert code == 1 and "panic" in err


def test_awaited_text_in_a_panic_ends_with_0(run, image_of):
    code, _, err = run(image_of("p"), *FAST, "--until", "last line of the report")
    assert code == 0 and "awaited" in err


def test_exception_in_the_firmware_is_a_panic(run, image_of):
    code, out, err = run(image_of("e"), *FAST)
    assert code == 1 and "#UD" in err and "RIP" in out


@BOTH_RIGS
def test_triple_fault_ends_with_1(run, image_of, rig):
    code, _, err = run(image_of("t"), *FAST, "--rig", rig)
    assert code == 1 and re.search("triple fault|3rd .* exception", err)


@BOTH_RIGS
def test_time_out_ends_with_1_and_names_the_last_line(run, image_of, rig):
    started = time.monotonic()
    code, _, err = run(image_of(), "--cpus", 1, "--rig", rig, "--timeout", 3, "--until", "never said")
    assert code == 1 and time.monotonic() - started < 30
    # How far the machine got in that time depends on what else this host does.
    assert re.fullmatch("run: time-out after 3 s, 'never said' not seen; the last line: .+\n", err)


# ------------------------------------------------------------------ nothing left behind

@pytest.mark.parametrize("rig, number", [
    ("bochs", signal.SIGINT), ("bochs", signal.SIGTERM), ("bochs", signal.SIGHUP),
    ("qemu", signal.SIGINT)])
def test_interrupted_run_leaves_nothing(run, image_of, rig, number):
    process = run.start(image_of(), *FAST, "--rig", rig)
    wait_for(lambda: len(run.processes()) > 1)
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 128 + number and signal.Signals(number).name in err
    assert not os.path.exists(image_of() + ".lock")


def test_run_interrupted_at_any_moment_leaves_nothing(run, image_of):
    for delay in (0.05, 0.1, 0.15, 0.2, 0.3):
        process = run.start(image_of(), *FAST)
        time.sleep(delay)
        process.terminate()
        process.communicate(timeout=20)
        assert run.processes() == [] and run.files() == []


@BOTH_RIGS
def test_killed_run_leaves_no_process(run, image_of, rig):
    process = run.start(image_of(), *FAST, "--rig", rig)
    wait_for(lambda: len(run.processes()) > 1)
    process.kill()
    process.communicate()
    wait_for(lambda: run.processes() == [], 5)
    # Not even tools/run can remove its folder when it is killed like this.
    for name in run.files():
        subprocess.run(["rm", "-r", os.path.join(run.folder, name)], check=True)


def test_run_ends_when_nobody_reads_it(run, image_of):
    process = run.start(image_of(), *FAST)
    process.stdout.readline()
    process.stdout.close()
    process.stdout = None
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGPIPE


# ------------------------------------------------------------------ disk

def test_changes_to_the_disk_are_dropped(run, image_of):
    before = digest(image_of("wo"))
    code, out, _ = run(image_of("wo"), *FAST)
    assert code == 0 and "written" in out
    assert digest(image_of("wo")) == before


@BOTH_RIGS
def test_kept_disk_has_the_changes(run, image_of, tmp_path, rig):
    image = tmp_path / "kept.img"
    subprocess.run(["cp", image_of("ws"), image], check=True)
    assert run(image, *FAST, "--rig", rig, "--keep-disk")[0] == 0
    done = subprocess.run(["mtype", "-i", f"{image}@@1M", "::written"], check=True, capture_output=True,
                          env=dict(os.environ, MTOOLS_SKIP_CHECK="1"))
    assert done.stdout == b"text"
    assert os.listdir(tmp_path).count("kept.img.lock") == 0


def test_runs_side_by_side_share_an_image(run, image_of):
    runs = [run.start(image_of("wo"), *FAST) for _ in range(2)]
    for process in runs:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert "written" in out


# ------------------------------------------------------------------ console

def test_serial_file_has_the_bytes_and_stdout_nothing(run, image_of, tmp_path):
    code, out, _ = run(image_of("o"), *FAST, "--serial", tmp_path / "log")
    assert code == 0 and out == ""
    assert b"subject ready\r\n" in (tmp_path / "log").read_bytes()


@BOTH_RIGS
def test_socket_carries_keys_and_a_reset_is_survived(run, image_of, tmp_path, rig):
    path = str(tmp_path / "console")
    process = run.start(image_of(), *FAST, "--rig", rig, "--socket", path)
    keyboard = Keyboard(path)
    keyboard.expect(b"subject ready")
    keyboard.press(b"r")
    keyboard.expect(b"reset")
    keyboard.expect(b"subject ready")
    late = Keyboard(path)
    late.expect(b"reset")
    late.press(b"s")
    assert process.communicate(timeout=PATIENCE)[0].count("subject ready") == 2
    assert process.returncode == 0
    assert not os.path.exists(path)


def terminal_run(run, image, *more):
    """tools/run in a terminal of its own; afterwards the terminal's settings."""
    words = " ".join(map(str, [RUN, image, *FAST, *more]))
    # Not the shell is to be interrupted but tools/run alone: trap.
    return pexpect.spawn("sh", ["-c", f"trap : INT TERM; {words}; echo code=$?; stty -a"],
                         env=run.environment, timeout=60, encoding="utf-8")


def test_terminal_is_the_console_and_is_restored(run, image_of):
    child = terminal_run(run, image_of())
    child.expect("Ctrl-A x leaves")
    child.expect("subject ready")
    child.send("\x01\x01")  # one Ctrl-A for the machine
    child.expect("unknown command")
    child.send("\x03")  # a byte like any other
    child.expect("unknown command")
    child.send("\x01x")
    child.expect("run: left at the terminal")
    child.expect("code=0")
    child.expect(r" icanon")
    child.expect(r" echo ")
    child.expect(pexpect.EOF)


def test_terminal_is_restored_when_interrupted(run, image_of):
    child = terminal_run(run, image_of())
    child.expect("subject ready")
    runs = [pid for pid in run.processes() if "tools/run" in open(f"/proc/{pid}/cmdline").read()
            and open(f"/proc/{pid}/comm").read().strip() != "sh"]
    os.kill(runs[0], signal.SIGTERM)
    child.expect("code=143")
    child.expect(r" icanon")
    child.expect(pexpect.EOF)


# ------------------------------------------------------------------ machine

def pixels_of(path):
    data = path.read_bytes()
    width, height = struct.unpack(">II", data[16:24])
    length = struct.unpack(">I", data[33:37])[0]
    return width, height, zlib.decompress(data[41:41 + length])


@pytest.mark.parametrize("rig, command", [("bochs", ""), ("bochs", "s"), ("qemu", "")])
def test_screenshot_shows_the_screen(run, image_of, tmp_path, rig, command):
    target = tmp_path / "screen.png"
    until = [] if command else ["--until", "subject ready"]
    code, _, err = run(image_of(command), *FAST, "--rig", rig, "--screenshot", target, *until)
    assert code == 0 and "screen in" in err
    width, height, pixels = pixels_of(target)
    assert (width, height) == (1280, 800)
    assert sum(pixels[y * (1 + 3 * width):(y + 1) * (1 + 3 * width)].strip(b"\0") != b""
               for y in range(height)) > 40


def test_machine_has_no_screen_unless_asked(run, image_of, tmp_path):
    code, out, _ = run(image_of(), *FAST, "--bochs-log", tmp_path / "log", "--until", "subject ready")
    assert code == 0 and "subject on the screen" in out  # the serial port shows it all the same
    assert (tmp_path / "log").exists()


def test_runs_with_a_fixed_clock_repeat_to_the_instruction(run, image_of):
    outputs = [run(image_of("o"), *FAST, "--time0", 1700000000)[1] for _ in range(2)]
    assert re.search(r"tsc [0-9a-f]{16}", outputs[0])
    assert outputs[0] == outputs[1]


def test_exits_are_counted_and_traced(run, image_of, tmp_path):
    code, out, _ = run(image_of("vo"), *FAST, "--bochs-exits", tmp_path / "e",
                       "--bochs-trace", tmp_path / "t")
    assert code == 0 and "exits done" in out
    assert (tmp_path / "e").read_text() == "0 10 5\n0 18 1\n"
    trace = [line.split() for line in (tmp_path / "t").read_text().splitlines()]
    assert [(cpu, reason) for _, cpu, reason, _, _ in trace] == [("0", "10")] * 5 + [("0", "18")]
    ticks = [int(line[0]) for line in trace]
    assert ticks == sorted(ticks)
    assert len({line[4] for line in trace}) == 2  # two places: CPUID and VMCALL


def test_exits_are_written_when_the_run_is_ended(run, image_of, tmp_path):
    run(image_of("v"), *FAST, "--until", "exits done",
        "--bochs-exits", tmp_path / "e", "--bochs-trace", tmp_path / "t")
    assert (tmp_path / "e").read_text() == "0 10 5\n0 18 1\n"
    assert len((tmp_path / "t").read_text().splitlines()) == 6


def test_exits_are_written_when_asked_and_when_interrupted(run, image_of, tmp_path):
    exits = tmp_path / "e"
    process = run.start(image_of("v"), *FAST, "--bochs-exits", exits)
    while "exits done" not in process.stdout.readline():
        pass
    machine = [pid for pid in run.processes() if open(f"/proc/{pid}/comm").read() == "bochs\n"]
    os.kill(machine[0], signal.SIGUSR1)
    wait_for(exits.exists)
    assert exits.read_text() == "0 10 5\n0 18 1\n"
    exits.unlink()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert exits.read_text() == "0 10 5\n0 18 1\n"


def test_forwarded_port_listens(run, image_of):
    process = run.start(image_of(), *FAST, "--forward", "0:80")
    port = int(re.search(r"127\.0\.0\.1:(\d+) is the machine's port 80", process.stderr.readline())[1])
    process.stdout.readline()
    socket.create_connection(("127.0.0.1", port), timeout=10).close()
    process.terminate()
    process.communicate(timeout=20)


def test_memory_beyond_4_gib_boots(run, image_of):
    code, _, _ = run(image_of(), "--cpus", 1, "--memory", 6144, "--timeout", 60,
                     "--until", "subject ready")
    assert code == 0


def test_other_models_boot(run, image_of):
    code, _, _ = run(image_of(), *FAST, "--model", "ryzen", "--until", "subject ready")
    assert code == 0


@pytest.mark.parametrize("rig", ["bochs", "qemu"])
def test_unknown_model_is_refused_by_name(run, image_of, rig):
    code, _, err = run(image_of(), *FAST, "--rig", rig, "--model", "i4004")
    assert code in (1, 2) and "i4004" in err


@BOTH_RIGS
def test_debugger_stops_the_machine_at_power_on(run, image_of, rig):
    if rig == "bochs" and not os.path.exists(os.path.join(
            TREE, "build/third-party/bochs-install/bin/bochs-gdb")):
        pytest.skip("bochs-gdb is not built")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = run.start(image_of(), *FAST, "--rig", rig, "--gdb", port)
    wait_for(lambda: len(run.processes()) > 1)
    time.sleep(1)
    debugger = subprocess.run(
        ["gdb", "-batch", "-nx", "-ex", "set architecture i386:x86-64", "-ex",
         f"target remote 127.0.0.1:{port}", "-ex", "info registers rip", "-ex", "kill"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False)
    assert "0xfff0" in debugger.stdout, debugger
    process.terminate()
    process.communicate(timeout=20)
