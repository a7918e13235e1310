# SPDX-License-Identifier: Apache-2.0
"""Changed flags rebuild (tools/flags.mk), with one object of each family in a build folder of its own."""
import os
import subprocess

import pytest

from conftest import TREE

BUILD = os.path.join(TREE, os.environ.get("BUILD", "build"))
KERNEL = ["kernel/kernel/string.o", "kernel/vmx/entry.S.o"]
OBJECTS = KERNEL + [
    "loader/kernel/string.o", "loader/libfdt/fdt_strerror.o", "check/kernel/printf.o", "check/libfdt/fdt_strerror.o",
    "guests/obj/kernel/string.c.o", "guests/obj/lwip/core/def.c.o", "guests/obj/memory",
    "unit/gcc/obj/kernel/printf.o", "unit/clang/obj/libfdt/fdt_strerror.o", "fuzz/obj/libfdt/fdt_strerror.o"]


class Builder:
    def __init__(self, folder):
        self.build = folder / "build"
        self.build.mkdir()
        for name in ("third-party", "stamps", "cache"):
            os.symlink(f"{BUILD}/{name}", self.build / name)

    def make(self, *arguments, **environment):
        return subprocess.run(["make", "-C", TREE, f"BUILD={self.build}", *arguments,
                               *(f"{self.build}/{name}" for name in OBJECTS)], capture_output=True, text=True,
                              check=False, env=dict(os.environ, MAKEFLAGS="", **environment))

    def times(self):
        return {name: os.stat(self.build / name).st_mtime_ns for name in OBJECTS}

    def rebuilt(self, *arguments, **environment):
        """Names of the objects that make with `arguments` compiles."""
        before = self.times()
        done = self.make(*arguments, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        after = self.times()
        return [name for name in OBJECTS if after[name] != before[name]]


@pytest.fixture(scope="module")
def builder(tmp_path_factory):
    made = Builder(tmp_path_factory.mktemp("flags"))
    done = made.make()
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.mark.xdist_group("flags")
def test_equal_flags_rebuild_nothing(builder):
    builder.make()
    assert builder.make("-q").returncode == 0
    assert builder.rebuilt() == []


@pytest.mark.xdist_group("flags")
def test_a_flag_of_all_rebuilds_all(builder):
    builder.make()
    assert builder.rebuilt("WARN=-Wall") == OBJECTS
    assert builder.rebuilt("WARN=-Wall") == []


@pytest.mark.xdist_group("flags")
def test_a_flag_of_one_family_rebuilds_that(builder):
    builder.make()
    assert builder.rebuilt("KERNEL_COLD_CFLAGS=-O1") == KERNEL


@pytest.mark.xdist_group("flags")
def test_a_compiler_of_another_version_rebuilds_all(builder, tmp_path):
    builder.make()
    wrapper = tmp_path / "gcc"
    wrapper.write_text('#!/bin/sh\n[ "$1" = --version ] && { echo "gcc 99"; exit; }\nexec /usr/bin/gcc "$@"\n')
    wrapper.chmod(0o755)
    assert builder.rebuilt(PATH=f"{tmp_path}:{os.environ['PATH']}") == OBJECTS
