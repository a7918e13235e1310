# SPDX-License-Identifier: Apache-2.0
"""What the tests of the tools share: the test subject (a small UEFI application
instead of Bulkhead), images with it, and running tools/run under a watch for
anything it leaves behind."""

import os
import subprocess
import sys
import uuid

import pytest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
RUN = os.path.join(TREE, "tools", "run")
MKIMAGE = os.path.join(TREE, "tools", "mkimage")

CFLAGS = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-ffreestanding", "-fpic",
          "-fshort-wchar", "-mno-red-zone", "-mgeneral-regs-only", "-fno-stack-protector",
          "-fcf-protection=none", "-DGNU_EFI_USE_MS_ABI",
          "-isystem", "/usr/include/efi", "-isystem", "/usr/include/efi/x86_64"]
LDFLAGS = ["-nostdlib", "-znocombreloc", "-shared", "-Bsymbolic", "-znoexecstack",
           "-T", "/usr/lib/elf_x86_64_efi.lds", "/usr/lib/crt0-efi-x86_64.o"]
SECTIONS = [".text", ".sdata", ".data", ".dynamic", ".dynsym", ".rel", ".rela", ".rel.*",
            ".rela.*", ".reloc", ".rodata"]


def subject_build(folder, commands):
    """Compiles the subject with `commands` built in; returns the .efi file."""
    objects = []
    for name in ("subject", "vmx"):
        objects.append(os.path.join(folder, name + ".o"))
        subprocess.run(["gcc", *CFLAGS, f'-DSUBJECT_COMMANDS="{commands}"', "-c", "-o", objects[-1],
                        os.path.join(HERE, "subject", name + ".c")], check=True)
    linked, application = os.path.join(folder, "subject.so"), os.path.join(folder, "subject.efi")
    libgcc = subprocess.run(["gcc", "-print-libgcc-file-name"], check=True, capture_output=True,
                            text=True).stdout.strip()
    subprocess.run(["ld", *LDFLAGS, *objects, "-o", linked, "-L/usr/lib", "-lefi", "-lgnuefi", libgcc],
                   check=True)
    sections = [word for section in SECTIONS for word in ("-j", section)]
    subprocess.run(["objcopy", *sections, "--target=efi-app-x86_64", linked, application], check=True)
    return application


@pytest.fixture(scope="session")
def image_of(tmp_path_factory):
    """image_of(commands): an image whose subject does those commands after it is ready."""
    made = {}

    def make(commands=""):
        if commands not in made:
            folder = tmp_path_factory.mktemp("subject")
            config = folder / "empty.dts"
            config.write_text("/dts-v1/;\n/ { };\n")
            image = folder / "disk.img"
            subprocess.run([MKIMAGE, config, image, "--efi", subject_build(str(folder), commands)],
                           check=True)
            made[commands] = str(image)
        return made[commands]

    return make


class Runner:
    """Starts tools/run with a temporary folder and a mark of its own, by which
    everything that belongs to it can be found."""

    def __init__(self, folder):
        self.folder = folder
        self.mark = uuid.uuid4().hex
        self.environment = dict(os.environ, TMPDIR=str(folder), BULKHEAD_TEST_MARK=self.mark)

    def start(self, *arguments, **keywords):
        for stream in ("stdout", "stderr"):
            keywords.setdefault(stream, subprocess.PIPE)
        keywords.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen([RUN, *map(str, arguments)], env=self.environment, text=True, **keywords)

    def __call__(self, *arguments):
        """Runs to the end; returns exit code, stdout, stderr."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def processes(self):
        """Processes that are still there, found by the mark in their environment."""
        found = []
        for number in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{number}/environ", "rb") as file:
                    if self.mark.encode() in file.read():
                        found.append(int(number))
            except OSError:
                continue
        return found

    def files(self):
        return os.listdir(self.folder)


@pytest.fixture
def run(tmp_path):
    """A Runner; afterwards nothing of it may be left, whatever the test did."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    runner = Runner(folder)
    yield runner
    assert runner.processes() == []
    assert runner.files() == []
