# SPDX-License-Identifier: Apache-2.0
"""tools/debug: gdb stops where it is told, in root mode, and sees the kernel's variables."""
import os
import subprocess

import pytest

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TREE, "build")
NEEDED = ["third-party/bochs-install/bin/bochs-gdb", "bulkhead.efi", "kernel.elf", "guests/hello.elf"]


@pytest.mark.skipif(not all(os.path.exists(f"{BUILD}/{file}") for file in NEEDED),
                    reason="`make debug` has not been used: bochs-gdb is not built")
def test_a_breakpoint_in_an_exit_handler_shows_the_way_of_the_exit(tmp_path):
    image = tmp_path / "disk.img"
    subprocess.run([f"{TREE}/tools/mkimage", f"{TREE}/config/one-vm.dts", image, "-I",
                    f"{BUILD}/guests"], check=True)
    commands = tmp_path / "commands.gdb"
    commands.write_text("print info->cpu_count\nbreak exit_cpuid\ncontinue\nbt\nkill\n")
    done = subprocess.run([f"{TREE}/tools/debug", image, "-batch", "-x", commands],
                          capture_output=True, text=True, timeout=120, check=False)
    said = done.stdout
    assert "kernel_main (info=0xffff90" in said and "$1 = 1\n" in said, said + done.stderr
    stack = [line for line in said.splitlines() if line.startswith("#")]
    for depth, name in enumerate(["exit_cpuid", "vcpu_handle_exit", "vmx_run_guest", "vcpu_run"]):
        assert stack[depth].startswith(f"#{depth} ") and name in stack[depth], said
