# SPDX-License-Identifier: Apache-2.0
"""Panics of Bulkhead itself, provoked by kernels in which one function is replaced."""
from conftest import EMPTY


def test_write_to_own_code_faults_and_is_reported(boot, build):
    run = boot(EMPTY % "", efi=f"{build}/test/panic.efi", cpus=4)
    assert run.code == 1, run.ending
    run.expect(r"PANIC: #PF page fault in root mode$",
               r"RIP ffffffff8\w+  RSP \w+",
               r"CR0 \w+  CR2 ffffffff80000000",
               r"#0 ffffffff8\w+ .*overwrite_own_code\+0x",
               r"#\d+ ffffffff8\w+ (\? )?kernel_main\+0x",
               r"the machine is halted \(on-panic = \"halt\"\)")


def test_exhausted_pool_panics_and_resets_when_configured(boot, build):
    run = boot(EMPTY % 'on-panic = "reset";', efi=f"{build}/test/nmi_panic.efi", cpus=2,
               until=r"Bulkhead \S+: loader", until_count=3)  # firmware, kernel's copy, again
    run.expect(r"PANIC: the pool of \d+ KiB is used up", r"#\d+ .* memory_alloc_pages\+0x|#\d+ ",
               r"the machine is reset \(on-panic = \"reset\"\)")
    assert run.text.count(": loader\n") >= 2
