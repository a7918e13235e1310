# SPDX-License-Identifier: Apache-2.0
"""RAM that the MTRRs do not call write-back is given to nobody.

tests/system/fixtures/uncache.c is the firmware that has left some so.
"""
from conftest import BUILD, EMPTY, domain, machine


def test_ordinary_firmware_leaves_nothing_out(boot):
    run = boot(EMPTY % "", cpus=2)
    run.expect(r"2 of 2 CPUs in VMX operation")
    assert not run.has("MTRR")


def test_uncached_ram_is_left_out_and_a_cpu_that_disagrees_is_named(boot):
    # Of 512 MiB, in two pieces: the VM finds no other place than around the hole.
    source = machine(domain("big", "hello.elf", memory="300M", bootargs="ticks=5"),
                     more='log-level = "debug";')
    run = boot(source, cpus=2, memory=512, efi=f"{BUILD}/test/uncache.chain.efi",
               extra=[(f"{BUILD}/bulkhead.efi", "/EFI/bulkhead.efi")])
    run.expect(r"warning: 16384 KiB of RAM from 8000000 are left out: the MTRRs call them UC$",
               r"debug: memory 000008000000-000008ffffff reserved$",
               r"VM big ended: power-off")
    # OVMF has used three pairs, the fixture one more everywhere, and a fifth on CPU 1.
    assert run.find(r"warning: CPU (\d+): MTRR (\w+) is (\w+), on CPU 0 (\w+): they do not agree") == [
        ("1", "0x206", "fe000000", "0")]
