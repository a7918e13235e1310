# SPDX-License-Identifier: Apache-2.0
"""build/bulkhead-check as a program: exit status, what it reads, what it prints. What it thinks of
configurations is tested in tests/unit/boot/config, with the same code."""

import json
import os
import subprocess

import pytest

from conftest import TREE

CHECK = os.path.join(TREE, os.environ.get("BUILD", "build"), "bulkhead-check")
BOCHS = os.path.join(TREE, "config", "machines", "bochs.dts")
ONE = """/dts-v1/;
/ {{ chosen {{ hypervisor {{ compatible = "hypervisor,bulkhead";
  a {{ compatible = "bulkhead,domain"; cpus = <1>; memory = "64M"; {more}
    kernel {{ compatible = "module,kernel"; file = "kernel.bin"; }}; }}; }}; }}; }};
"""


def multiboot():
    """A file that its Multiboot header loads at 1 MiB."""
    header = [0x1BADB002, 1 << 16, 0, 0x100000, 0x100000, 0x101000, 0x108000, 0x100020]
    header[2] = -(header[0] + header[1]) & 0xFFFFFFFF
    return b"".join(word.to_bytes(4, "little") for word in header).ljust(4096, b"\0")


@pytest.fixture
def check(tmp_path):
    """Runs the program on a configuration with `more` in its VM; returns (status, lines, stderr)."""
    if not os.access(CHECK, os.X_OK):
        pytest.skip(f"{CHECK} is not built")
    (tmp_path / "kernel.bin").write_bytes(multiboot())
    (tmp_path / "one.dts").write_text(ONE.format(more=""))

    def run(*options, more=None, file="one.dts"):
        if more is not None:
            (tmp_path / "one.dts").write_text(ONE.format(more=more))
        done = subprocess.run([CHECK, *options, str(tmp_path / file)], capture_output=True,
                              text=True, check=False)
        return done.returncode, done.stdout.splitlines(), done.stderr

    run.folder = tmp_path
    return run


def test_clean_configuration(check):
    assert check() == (0, ["configuration: no problems"], "")


def test_compiled_configuration(check):
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", str(check.folder / "one.dtb"),
                    str(check.folder / "one.dts")], check=True)
    assert check(file="one.dtb")[0] == 0


def test_errors_are_one_line_each(check):
    status, lines, _ = check(more='memroy = "1M"; legacy = <1>;')
    assert status == 1
    assert sorted(lines[:2]) == [
        'error: /chosen/hypervisor/a: legacy = <1>: is a flag and takes no value; '
        'write "legacy;" to turn it on, nothing to leave it off',
        'error: /chosen/hypervisor/a: memroy = "1M": is not a property of a VM; '
        'did you mean "memory"?']
    assert lines[2:] == ["configuration: 2 errors and 0 warnings"]


def test_warnings_count_when_strict(check):
    assert check(more="restart-max = <1>;")[0] == 0
    assert check("--strict")[0] == 1


def test_syntax_error_is_dtc_s(check):
    (check.folder / "one.dts").write_text("/dts-v1/; / { a ")
    status, lines, errors = check()
    assert (status, lines) == (2, [])
    assert "syntax error" in errors and "dtc does not accept it" in errors


def test_what_cannot_be_read(check):
    status, _, errors = check(file="none.dts")
    assert status == 2 and "No such file" in errors
    status, lines, _ = check(file="kernel.bin")
    assert status == 2 and "no compiled device tree" in lines[0]
    status, _, errors = check("--machine", str(check.folder / "one.dts"))
    assert status == 2 and "bulkhead,machine" in errors


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--plan", "a"], ["--nonsense", "a"]])
def test_wrong_usage(check, arguments):
    done = subprocess.run([CHECK, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "usage:" in done.stderr and done.stdout == ""


def test_missing_image(check):
    (check.folder / "kernel.bin").unlink()
    status, lines, _ = check()
    assert status == 1 and 'file = "kernel.bin": is missing' in lines[0]
    assert check("--no-images")[0] == 0
    (check.folder / "other").mkdir()
    (check.folder / "other" / "kernel.bin").write_bytes(multiboot())
    assert check("-I", str(check.folder / "other"))[0] == 0


def test_plan(check):
    status, lines, _ = check("--machine", BOCHS, "--plan")
    assert status == 0
    text = "\n".join(lines)
    assert "kernel.bin (Multiboot)" in text and "64 MiB" in text
    assert check("--machine", BOCHS, "--plan")[1] == lines


def test_machine_too_small(check):
    status, lines, _ = check("--machine", BOCHS, more="", file="one.dts")
    assert status == 0
    (check.folder / "one.dts").write_text(ONE.format(more="").replace("64M", "64G"))
    status, lines, _ = check("--machine", BOCHS)
    assert status == 1 and "is more than the machine has for VMs" in lines[0]


def test_image_that_does_not_fit(check):
    late = bytearray(multiboot())
    late[12:32] = b"".join(word.to_bytes(4, "little") for word in
                           [0x8000000, 0x8000000, 0x8001000, 0x8001000, 0x8000020])
    (check.folder / "kernel.bin").write_bytes(late)
    assert check()[0] == 0  # without a machine there is no memory to look at
    status, lines, _ = check("--machine", BOCHS)
    assert status == 1 and lines[0].startswith("error: /chosen/hypervisor/a: ")


def test_json(check):
    status, lines, _ = check("--machine", BOCHS, "--plan", "--json")
    found = json.loads("\n".join(lines))
    assert status == 0 and found["errors"] == 0 and found["problems"] == []
    vm, = found["plan"]
    assert vm["name"] == "a" and vm["cpus"] == [0]
    assert sum(piece["size"] for piece in vm["memory"]) == 64 << 20
    assert vm["files"] == [{"kind": "kernel", "file": "kernel.bin", "size": 4096,
                            "format": "Multiboot"}]
    status, lines, _ = check("--json", more='bad = "\\"x";')
    found = json.loads("\n".join(lines))
    assert status == 1 and found["plan"] is None
    assert found["problems"][0]["property"] == "bad"
    assert found["problems"][0]["node"] == "/chosen/hypervisor/a"


def test_properties_are_those_of_the_documentation(check):
    done = subprocess.run([CHECK, "--properties"], capture_output=True, text=True, check=True)
    with open(os.path.join(TREE, "docs", "configuration.md"), encoding="utf-8") as file:
        text = file.read()
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    assert len(rows) > 100 and all(row in text for row in rows)
