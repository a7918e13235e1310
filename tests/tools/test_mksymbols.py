# SPDX-License-Identifier: Apache-2.0
"""tools/mksymbols and its reader kernel/symbols.c, together: a program for the workstation with some
hundred functions gets its own table, looks every one up and prints what it finds."""
import os
import subprocess

import pytest

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# As the kernel's linker script has it: kernel_start before the code, fixup_table_start behind it.
PROGRAM = r"""
#include <stdio.h>
#include <inttypes.h>
#include "kernel/symbols.h"
extern const uint8_t kernel_start[], fixup_table_start[];
__asm__(".section .zend, \"a\"\n.globl fixup_table_start\nfixup_table_start: .byte 0\n.previous\n");
%s
static void look(uint64_t address)
{
    char name[SYMBOL_NAME_SIZE];
    uint64_t offset;
    if (symbol_find(address, name, &offset)) {
        printf("%%" PRIx64 " %%s %%" PRIu64 "\n", address - (uintptr_t)kernel_start, name, offset);
    } else {
        printf("none\n");
    }
}
int main(void)
{
    uint64_t start = (uintptr_t)kernel_start, end = (uintptr_t)fixup_table_start;
    for (uint64_t at = start; at < end; at++) {
        look(at);
    }
    look(start - 1);
    look(end);
    return 0;
}
"""
NAMES = [f"{area}_{verb}_{thing}{i}" for i, (area, verb, thing) in enumerate(
    (a, v, t) for a in ("vm", "vmx_exit", "mmio", "x") for v in ("read", "write_it", "find")
    for t in ("register", "page", "q", "interrupt_window"))] + ["f" * 47, "g" * 60, "h"]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """(what the program printed, {offset: name} by nm)"""
    folder = tmp_path_factory.mktemp("mksymbols")
    functions = "\n".join(f"int {name}(int a); int {name}(int a) {{ return a * {i + 2}; }}"
                          for i, name in enumerate(NAMES))
    (folder / "program.c").write_text(PROGRAM % functions)
    compile_it = ["gcc", "-O1", "-w", "-no-pie", f"-I{TREE}", f"{TREE}/kernel/symbols.c",
                  str(folder / "program.c"), "-Wl,--defsym=kernel_start=_init",
                  "-Wl,--section-start=.zend=0x40f000"]
    subprocess.run([*compile_it, "-o", str(folder / "first")], check=True)
    table = subprocess.run([f"{TREE}/tools/mksymbols", str(folder / "first")], check=True,
                           capture_output=True, text=True).stdout
    # Behind the code, as in the kernel, so that functions stay where they are.
    (folder / "symbols.S").write_text(table.replace(".section .symbols", ".section .zsymbols"))
    subprocess.run([*compile_it, str(folder / "symbols.S"), "-Wl,--section-start=.zsymbols=0x412000",
                    "-o", str(folder / "second")], check=True)
    printed = subprocess.run([str(folder / "second")], check=True, capture_output=True,
                             text=True).stdout.splitlines()
    symbols = subprocess.run(["nm", "-n", str(folder / "second")], check=True, capture_output=True,
                             text=True).stdout
    rows = [line.split() for line in symbols.splitlines() if len(line.split()) == 3]
    start = next(int(address, 16) for address, _, name in rows if name == "kernel_start")
    by_offset = {}
    for address, kind, name in rows:
        if kind in "tT" and name != "kernel_start":
            by_offset.setdefault(int(address, 16) - start, name)
    return printed, by_offset


def test_every_address_has_the_function_that_starts_before_it(program):
    printed, functions = program
    assert set(NAMES) <= set(functions.values())
    found = [line.split() for line in printed[:-2]]
    name, start, checked = None, 0, 0
    for at, line in enumerate(found):
        if at in functions:
            name, start = functions[at], at
        if name is None:
            assert line == ["none"]
            continue
        assert line == [f"{at:x}", name[:47], str(at - start)]
        checked += 1
    assert checked > 1000


def test_addresses_outside_of_the_code_have_none(program):
    printed, _ = program
    assert printed[-2:] == ["none", "none"]
