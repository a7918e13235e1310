# SPDX-License-Identifier: Apache-2.0
"""Files of former runs on volumes that do not take them: nothing of a run is lost that memory keeps,
and Bulkhead starts all the same."""
import re
import subprocess

import pytest

from conftest import BUILD, EMPTY, image_make, image_run
from test_console import Line
from test_panic import reports_on_disk

pytestmark = pytest.mark.xdist_group("crash_files")
SOURCE = EMPTY % 'on-panic = "reset"; on-last-vm = "reset";'
BIG = "an old report\n" * 4000  # more than a new one needs


def fill(image, folder):
    """Leaves no cluster free."""
    listed = subprocess.run(["mdir", "-i", f"{image}@@1M", "::/"], capture_output=True, text=True,
                            check=True).stdout
    free = int(re.search(r"([\d ]+) bytes free", listed)[1].replace(" ", ""))
    filler = folder / "filler"
    with open(filler, "wb") as file:
        file.truncate(free)
    subprocess.run(["mcopy", "-i", f"{image}@@1M", str(filler), "::/filler"], check=True)


def image_with(folder, numbers=(), text=BIG):
    old = folder / "old.txt"
    old.write_text(text)
    return image_make(folder, SOURCE, f"{BUILD}/test/ends.efi",
                      [(str(old), f"/bulkhead/crash-{n:03}.txt") for n in numbers])


def three_runs(folder, image):
    """A panic, then a reset without a word, each followed by a warm reset; what they printed."""
    run = image_run(folder, image, "--keep-disk", cpus=2, timeout=240, until=r"no VM is configured")
    parts = re.split(r"(?m)^BdsDxe: starting ", run.text)[1:]
    assert len(parts) == 3, run.text + run.ending
    return parts


def test_what_a_full_volume_did_not_take_is_written_by_a_later_boot(tmp_path):
    image = image_with(tmp_path)
    fill(image, tmp_path)
    line = Line(image, tmp_path, "--cpus", "2", "--keep-disk", "--until", "(?!)")
    try:
        line.expect(r"^warning: Bulkhead panicked in its former run$.*?^  \| .*?PANIC: the first run ends\n")
        line.expect(r"^warning: \\bulkhead\\crash-001\.txt cannot be written: the volume is full\n"
                    r"its log stays in memory until a warm boot can write it\n")
        subprocess.run(["mdel", "-i", f"{image}@@1M", "::/filler"], check=True)
        line.expect(r"^BdsDxe: starting ")
        text = line.expect(r"no VM is configured")
    finally:
        line.close()
    assert re.search(r"^warning: Bulkhead panicked in its former run$", text, re.M), text
    assert re.search(r"^warning: Bulkhead's former run ended without a word$", text, re.M), text
    reports = reports_on_disk(image)
    assert sorted(reports) == ["crash-001.txt", "crash-002.txt"]
    panic, = [one for one in reports.values() if one.startswith("Bulkhead panicked")]
    other, = [one for one in reports.values() if one.startswith("Bulkhead's former run ended")]
    assert "error: PANIC: the first run ends\n" in panic
    assert "cannot be written: the volume is full\n" in other
    assert "2 of 2 CPUs in VMX operation" in other  # it went on all the same


def test_on_a_full_volume_the_oldest_of_eight_makes_room(tmp_path):
    image = image_with(tmp_path, range(1, 9))
    fill(image, tmp_path)
    parts = three_runs(tmp_path, image)
    assert re.search(r"^\\bulkhead\\crash-001\.txt, the oldest, was removed\n"
                     r"its log is in \\bulkhead\\crash-009\.txt$", parts[1], re.M), parts[1]
    assert sorted(reports_on_disk(image)) == [f"crash-{n:03}.txt" for n in range(3, 11)]


def test_no_old_file_is_written_over_however_many_there_are(tmp_path):
    image = image_with(tmp_path, range(1, 81), "an old report\n")
    parts = three_runs(tmp_path, image)
    assert r"its log is in \bulkhead\crash-081.txt" in parts[1], parts[1]
    reports = reports_on_disk(image)
    assert sorted(reports) == [f"crash-{n:03}.txt" for n in range(3, 83)]
    assert {reports[f"crash-{n:03}.txt"] for n in range(3, 81)} == {"an old report\n"}


def test_an_oldest_that_is_write_protected_stays(tmp_path):
    image = image_with(tmp_path, range(1, 9))
    subprocess.run(["mattrib", "-i", f"{image}@@1M", "+r", "::/bulkhead/crash-001.txt"], check=True)
    parts = three_runs(tmp_path, image)
    assert re.search(r"^its log is in \\bulkhead\\crash-009\.txt\n"
                     r"\\bulkhead\\crash-001\.txt, the oldest, stays: \w", parts[1], re.M), parts[1]
    assert reports_on_disk(image)["crash-001.txt"] == BIG
