# SPDX-License-Identifier: Apache-2.0
"""The checks of tools/check, each on a small tree of its own that has exactly one fault."""
import os
import shutil
import subprocess

import pytest

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LICENCE = "/* SPDX-License-Identifier: Apache-2.0 */\n"

CLEAN = {
    "kernel/types.h": LICENCE + "#include <stdint.h>\n",
    "vmx/exit.c": LICENCE + '#include "kernel/types.h"\n\nint exit_io(int port)\n{\n'
                            "    return port;\n}\n",
    "boot/config/property.c": LICENCE + 'const char *name = "on-crash";\n',
    "Makefile": "# SPDX-License-Identifier: Apache-2.0\nbench:\n\t@true\n",
    "README.md": "`vmx/exit.c:exit_io`, `vmx/exit*.c`, `exit_io()`, `on-crash`, `make bench`, `dtc`,\n"
                 "[the exit](vmx/exit.c)\n\n```\n`no/such.c` in an example\n```\n",
}


@pytest.fixture
def check(tmp_path):
    """Returns a function: name of a check, files that differ from CLEAN -> (exit code, output)."""

    def run(name, **changed):
        shutil.copytree(f"{TREE}/tools/check", tmp_path / "tools/check")
        shutil.copy(f"{TREE}/.clang-format", tmp_path)
        for path, text in {**CLEAN, **changed.pop("files", {})}.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        done = subprocess.run([tmp_path / "tools/check" / name], capture_output=True, text=True,
                              check=False)
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.parametrize("name", ["format", "layers", "spdx", "words", "docs"])
def test_a_clean_tree_passes(check, name):
    code, said = check(name)
    assert code == 0 and said.endswith("no findings\n"), said


FAULTS = [
    ("format", "vmx/exit.c", LICENCE + "int  a;\n", "vmx/exit.c:2: is not what `clang-format"),
    ("layers", "drivers/vuart.c", LICENCE + '#include "vmx/exit.h"\n',
     "drivers/vuart.c:2: drivers/ may not include vmx/exit.h"),
    ("layers", "kernel/log.c", LICENCE + '#include "vmx/vcpu.h"\n',
     "kernel/log.c:2: kernel/ may not include vmx/vcpu.h"),
    ("layers", "kernel/log.c", LICENCE + "#include <stdio.h>\n",
     "kernel/log.c:2: kernel/ may not include <stdio.h>"),
    ("layers", "kernel/vm.c", LICENCE + '#include "ept/ept_internal.h"\n',
     "kernel/vm.c:2: ept/ept_internal.h belongs to ept/"),
    ("layers", "boot/image/elf.c", LICENCE + "#include <efi.h>\n",
     "boot/image/elf.c:2: boot/image/ may not include <efi.h>"),
    ("layers", "stray/a.c", LICENCE + '#include "kernel/types.h"\n', "not in the table"),
    ("spdx", "kernel/log.c", "int a;\n", "kernel/log.c:1: no line with"),
    ("spdx", "tools/thing", "#!/bin/sh\ntrue\n", "tools/thing:1: no line with"),
    ("words", "docs/a.md", "see http://mirror.example/debian\n",
     "docs/a.md:1: the address of a server"),
    ("words", "tools/a.py", "x = '/home/me/file'\n", "tools/a.py:1: a folder of one machine"),
    ("words", "docs/a.md", "as told in issue #12\n", "docs/a.md:1: the number of a tracker"),
    ("docs", "docs/a.md", "the file `vmx/gone.c`\n", "docs/a.md:1: `vmx/gone.c`: no such file"),
    ("docs", "docs/a.md", "files `vmx/gone_*.c`\n", "no such file"),
    ("docs", "docs/a.md", "`vmx/exit.c:exit_msr`\n", "no exit_msr in vmx/exit.c"),
    ("docs", "docs/a.md", "calls `exit_msr()`\n", "`exit_msr()`: no such function"),
    ("docs", "docs/a.md", "the name `VMCS_GONE`\n", "`VMCS_GONE`: no such name"),
    ("docs", "docs/a.md", "the property `on-crush`\n", "`on-crush`: no such name"),
    ("docs", "docs/a.md", "the option `--gone`\n", "`--gone`: no such option"),
    ("docs", "docs/a.md", "type `make gone`\n", "`make gone`: no target gone"),
    ("docs", "docs/a.md", "[link](b.md)\n", "docs/a.md:1: link to b.md: no such file"),
]


@pytest.mark.parametrize("name, path, text, finding", FAULTS)
def test_one_fault_is_found_and_named(check, name, path, text, finding):
    code, said = check(name, files={path: text})
    assert code == 1 and finding in said and "1 finding\n" in said, said


def test_cppcheck_finds_an_access_outside_of_an_array(check):
    code, said = check("cppcheck", files={
        "kernel/a.c": LICENCE + "int a(void)\n{\n    int b[2] = {1, 2};\n    return b[2];\n}\n"})
    assert code == 1 and "kernel/a.c:5: error [arrayIndexOutOfBounds]" in said, said


def test_tidy_finds_a_dead_null_and_a_stale_exception(check, tmp_path):
    source = LICENCE + "int a(void)\n{\n    int *b = 0;\n    return *b;\n}\n"
    (tmp_path / "compile_commands.json").write_text(
        '[{"directory": "%s", "file": "kernel/a.c", "arguments": ["clang", "-c", "kernel/a.c"]}]'
        % tmp_path)
    (tmp_path / ".clang-tidy").write_text("Checks: '-*,clang-analyzer-*'\n")
    code, said = check("tidy", files={"kernel/a.c": source})
    assert code == 1 and "kernel/a.c:5: Dereference of null pointer" in said, said
    assert "matches nothing: " in said


def test_the_runner_goes_on_after_a_failure_and_says_which(check):
    code, said = check("run", files={"kernel/log.c": "int  a;\n"})
    assert code == 1
    lines = [line for line in said.splitlines() if line.startswith("check ")]
    assert [line.split()[1] for line in lines[:7]] == [
        "format", "layers", "spdx", "words", "docs", "cppcheck", "tidy"]
    assert "FAILED" in lines[0] and "ok" in lines[1] and "FAILED" in lines[2]
