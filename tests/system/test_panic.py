# SPDX-License-Identifier: Apache-2.0
"""Panics of Bulkhead itself, provoked by kernels in which one function is replaced."""
import re
import subprocess

import pytest

from conftest import BUILD, EMPTY, image_make, image_run


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


def reports_on_disk(image):
    """Names of the reports on the image's volume, and the text of each."""
    listed = subprocess.run(["mdir", "-b", "-i", f"{image}@@1M", "::/bulkhead"],
                            capture_output=True, text=True, check=True).stdout
    names = sorted(re.findall(r"crash-\d+\.txt", listed.lower()))
    return {name: subprocess.run(["mtype", "-i", f"{image}@@1M", f"::/bulkhead/{name}"],
                                 capture_output=True, text=True, check=True).stdout
            for name in names}


@pytest.fixture(scope="module")
def four_runs(tmp_path_factory):
    """A panic, a reset without a word, an end on purpose, each followed by a warm reset."""
    folder = tmp_path_factory.mktemp("runs")
    old = folder / "old.txt"
    old.write_text("an old report\n")
    # Seven reports are there already, so that the second new one is one too many.
    image = image_make(folder, EMPTY % 'on-panic = "reset"; on-last-vm = "reset";',
                       f"{BUILD}/test/ends.efi",
                       [(str(old), f"/bulkhead/crash-{n:03}.txt") for n in range(4, 11)])
    run = image_run(folder, image, "--keep-disk", cpus=2, timeout=240,
                    until=r"no VM is configured", until_count=2)
    # The text of each run, as the firmware's console and the kernel told it.
    parts = re.split(r"(?m)^BdsDxe: starting ", run.text)[1:]
    return run, parts, reports_on_disk(image)


@pytest.mark.xdist_group("former-runs")
def test_a_panic_is_told_by_the_next_run(four_runs):
    run, parts, _ = four_runs
    assert len(parts) == 4, run.text + run.ending
    assert "PANIC: the first run ends" in parts[0] and "former run" not in parts[0], run.text
    assert re.search(r"^warning: Bulkhead panicked in its former run$", parts[1], re.M), run.text
    assert re.search(r"^  \| \[.*\] +0 error: PANIC: the first run ends$", parts[1], re.M)
    assert re.search(r"^  \| .*#\d+ ffffffff8\w+ kernel_main\+0x", parts[1], re.M)
    assert re.search(r"^  \| .*the machine is reset \(on-panic", parts[1], re.M)
    assert re.search(r"^its log is in \\bulkhead\\crash-011\.txt$", parts[1], re.M)


@pytest.mark.xdist_group("former-runs")
def test_a_reset_without_a_word_leaves_the_log(four_runs):
    _, parts, _ = four_runs
    assert re.search(r"^warning: Bulkhead's former run ended without a word$", parts[2], re.M)
    assert re.search(r"^its log is in \\bulkhead\\crash-012\.txt$", parts[2], re.M)
    assert "PANIC" not in parts[2]


@pytest.mark.xdist_group("former-runs")
def test_each_end_is_told_once_and_an_end_on_purpose_never(four_runs):
    _, parts, _ = four_runs
    assert "resetting the machine" in parts[2]
    assert "former run" not in parts[3] and "crash-" not in parts[3]


@pytest.mark.xdist_group("former-runs")
def test_the_logs_of_former_runs_are_files_beside_the_configuration(four_runs):
    _, parts, reports = four_runs
    assert sorted(reports) == [f"crash-{n:03}.txt" for n in range(5, 13)]
    assert re.search(r"^\\bulkhead\\crash-004\.txt, the oldest, was removed$", parts[2], re.M)
    assert "the oldest" not in parts[1] and reports["crash-010.txt"] == "an old report\n"
    first, second = reports["crash-011.txt"], reports["crash-012.txt"]
    assert re.match(r"Bulkhead panicked in its former run, which began \d{10} s after", first)
    assert re.search(r"^\[ *0\.000000\] +0 Bulkhead ", first, re.M)
    assert re.search(r"^\[ *\d+\.\d+\] +1 CPU 1 \(APIC id 1\) in VMX operation$", first, re.M)
    assert re.search(r"error: PANIC: the first run ends\n(.*\n)+.*resetting the machine\n", first)
    # The second run's log holds what its loader told of the first, and its own lines.
    assert "Bulkhead panicked in its former run" in second
    assert re.search(r"of 2 CPUs in VMX operation", second) and "PANIC:" not in second
