# SPDX-License-Identifier: Apache-2.0
"""What the build promises: the same bytes twice, both compilers, a small kernel."""
import os
import shutil
import subprocess

KERNEL_MAX = 160 * 1024  # docs/decisions/size-of-the-kernel.md


def test_kernel_is_at_most_160_kib(build):
    assert os.path.getsize(f"{build}/kernel.stripped.elf") <= KERNEL_MAX


def built_again(tree, build, again, *arguments):
    """bulkhead.efi from a second build, in the folder `again`, that uses the fetched sources of the first."""
    os.makedirs(again, exist_ok=True)
    for name in ("third-party", "stamps", "cache"):
        if not os.path.islink(f"{again}/{name}"):
            os.symlink(f"{build}/{name}", f"{again}/{name}")
    with open(f"{build}/gen/version.h", encoding="ascii") as header:
        version = header.read().split('"')[1]
    done = subprocess.run(["make", "-C", tree, f"BUILD={again}", f"{again}/bulkhead.efi",
                           f"GIT_VERSION={version}", *arguments], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with open(f"{again}/bulkhead.efi", "rb") as file:
        return file.read()


def test_the_same_source_gives_the_same_bytes(tree, build, tmp_path):
    first = (tmp_path / "first.efi")
    shutil.copy(f"{build}/bulkhead.efi", first)
    assert built_again(tree, build, tmp_path / "build") == first.read_bytes()


def test_clang_builds_it_without_a_warning(tree, build):
    """In a folder that stays, so that the next time only what has changed is compiled (a warning ends a build, so what
    is there had none)."""
    assert len(built_again(tree, build, f"{build}/clang", "CC=clang")) > 100_000
