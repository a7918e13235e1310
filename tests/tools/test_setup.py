# SPDX-License-Identifier: Apache-2.0
"""tools/setup without a network and without changing the system: what it says
when it cannot go on, and that it takes what is in the cache. An apt-get of our
own stands in for the real one; the real thing is seen on a fresh machine."""

import os
import shutil
import subprocess

import pytest

from conftest import TREE

SETUP = os.path.join(TREE, "tools", "setup")
CACHE = os.environ.get("BULKHEAD_CACHE") or os.path.join(TREE, "build", "cache")
BASICS = "sh env sed awk grep cut cat mkdir dirname touch tail tr wc sort rm id sha256sum head uname"

# Knows a mirror, has no network: every update fails.
APT_WITHOUT_NETWORK = """#!/bin/sh
case "$*" in
*indextargets*) echo 'file:/nowhere/|bookworm|main' ;;
*update*) echo 'Err:1 the network is gone'; exit 100 ;;
esac
"""

# Offers every archive as the file "wrong".
APT_WITH_WRONG_FILE = """#!/bin/sh
case "$*" in
*indextargets*) echo 'file:/nowhere/|bookworm|main' ;;
*print-uris*) echo "'file:{wrong}' bochs_3.0+dfsg.orig.tar.xz 5 SHA256:0" ;;
esac
"""


def run_setup(folder, *steps, cache=None, apt=None, **environment):
    """Runs tools/setup with its build folder below `folder`."""
    path = os.environ["PATH"]
    if apt:
        (folder / "bin").mkdir(exist_ok=True)
        (folder / "bin" / "apt-get").write_text(apt)
        (folder / "bin" / "apt-get").chmod(0o755)
        path = f"{folder / 'bin'}:{path}"
    environment = {**os.environ, "PATH": path, "BUILD": str(folder / "build"),
                   "BULKHEAD_CACHE": str(cache or folder / "cache"), **environment}
    return subprocess.run([SETUP, *steps], capture_output=True, text=True, check=False, env=environment)


def cache_is_full():
    return os.path.isdir(CACHE) and any(name.startswith("bochs-") for name in os.listdir(CACHE))


def test_unknown_step_is_a_usage_error(tmp_path):
    done = run_setup(tmp_path, "everything")
    assert done.returncode == 2 and "usage:" in done.stderr


def test_installed_packages_need_nothing(tmp_path):
    done = run_setup(tmp_path, "packages")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "build" / "stamps" / "packages").exists()


def test_system_without_apt_is_told_all_that_is_missing(tmp_path):
    (tmp_path / "bin").mkdir()
    for name in BASICS.split():
        os.symlink(shutil.which(name), tmp_path / "bin" / name)
    done = run_setup(tmp_path, "packages", PATH=str(tmp_path / "bin"))
    assert done.returncode == 1
    for name in ("not Debian 12", "gcc  (Debian package gcc; for", "dtc  (Debian package device-tree"):
        assert name in done.stderr
    assert "ncurses.h" not in done.stderr  # a file that is there whatever PATH says
    assert not (tmp_path / "build" / "stamps" / "packages").exists()


def test_failed_fetch_says_what_and_why_and_what_to_do(tmp_path):
    done = run_setup(tmp_path, "sources", apt=APT_WITHOUT_NETWORK)
    assert done.returncode == 1
    for words in ("the network is gone", "trixie cannot be fetched", "run this again"):
        assert words in done.stderr
    assert not (tmp_path / "build" / "stamps" / "sources").exists()


def test_file_with_another_sum_is_not_taken(tmp_path):
    (tmp_path / "wrong").write_text("other")
    done = run_setup(tmp_path, "sources", apt=APT_WITH_WRONG_FILE.format(wrong=tmp_path / "wrong"))
    assert done.returncode == 1
    assert "bochs 3.0+dfsg-1 was not fetched" in done.stderr
    assert "bochs_3.0+dfsg.orig.tar.xz" not in os.listdir(tmp_path / "cache")


def test_package_that_the_mirror_lacks_is_named(tmp_path):
    done = run_setup(tmp_path, "sources", apt=APT_WITH_WRONG_FILE.replace("bochs_3.0", "bochs_2.0"))
    assert done.returncode == 1
    assert "does not offer the source package bochs 3.0+dfsg-1" in done.stderr


@pytest.mark.skipif(not cache_is_full(), reason="nothing is in the cache yet")
def test_full_cache_is_enough_and_a_second_run_says_nothing(tmp_path):
    done = run_setup(tmp_path, cache=CACHE, apt=APT_WITHOUT_NETWORK)
    assert done.returncode == 0, done.stderr
    assert "fetching" not in done.stdout and "building" not in done.stdout
    third_party = tmp_path / "build" / "third-party"
    for path in ("bochs-install/bin/bochs", "dtc/libfdt/libfdt.h", "lwip/src/include/lwip/init.h"):
        assert (third_party / path).exists()
    again = run_setup(tmp_path, cache=CACHE, apt=APT_WITHOUT_NETWORK)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


@pytest.mark.skipif(not cache_is_full(), reason="nothing is in the cache yet")
def test_damaged_archive_is_noticed(tmp_path):
    shutil.copytree(CACHE, tmp_path / "cache", ignore=shutil.ignore_patterns("bochs*", "*.deb"))
    with open(tmp_path / "cache" / "lwip_2.1.3+dfsg1.orig.tar.xz", "ab") as file:
        file.write(b"x")
    done = run_setup(tmp_path, "lwip", apt=APT_WITHOUT_NETWORK)
    assert done.returncode == 1 and "cannot be fetched" in done.stderr
    assert not (tmp_path / "build" / "third-party" / "lwip").exists()
