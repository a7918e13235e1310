# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests: machines that boot and are watched.

`boot(config, ...)` makes a disk image from a configuration's source and boots it with tools/run;
the result holds the console's text. Each run has a folder of its own; runs go side by side.
"""
import functools
import os
import re
import subprocess

import pytest

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TREE, os.environ.get("BUILD", "build"))

# No VM: Bulkhead starts every CPU and switches the machine off.
EMPTY = """/dts-v1/;
/ { chosen { hypervisor { compatible = "hypervisor,bulkhead"; %s }; }; };
"""


def pytest_configure(config):
    config.addinivalue_line("markers", "soak: long; run by `make soak` only")


def pytest_collection_modifyitems(config, items):
    """Long tests run only when they are asked for."""
    if "soak" in config.option.markexpr:
        return
    soak = [item for item in items if item.get_closest_marker("soak")]
    config.hook.pytest_deselected(items=soak)
    items[:] = [item for item in items if item not in soak]


class Run:
    """What a machine printed, and how its run ended."""

    def __init__(self, code, text, ending, folder):
        self.code = code
        self.text = text
        self.ending = ending
        self.folder = folder

    def has(self, regex):
        return re.search(regex, self.text, re.M) is not None

    def find(self, regex):
        """Groups of every match."""
        return re.findall(regex, self.text, re.M)

    def expect(self, *regexes):
        for regex in regexes:
            assert self.has(regex), f"no line matches {regex!r} in\n{self.text}\n{self.ending}"


def domain(name, kernel, cpus=1, memory="16M", more="", bootargs=None):
    """Source of a VM node."""
    args = f'bootargs = "{bootargs}";' if bootargs else ""
    return f"""{name} {{ compatible = "bulkhead,domain"; cpus = <{cpus}>; memory = "{memory}"; {more}
        kernel {{ compatible = "module,kernel"; file = "{kernel}"; {args} }}; }};"""


def machine(*domains, more=""):
    """Source of a configuration with these VM nodes."""
    return EMPTY % (more + "\n".join(domains))


def image_make(folder, source, efi=None, extra=()):
    """Configuration source -> path of a disk image in `folder`."""
    config = folder / "machine.dts"
    config.write_text(source)
    image = folder / "disk.img"
    command = [f"{TREE}/tools/mkimage", str(config), str(image), "-I", f"{BUILD}/guests"]
    command += ["--efi", efi or f"{BUILD}/bulkhead.efi"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for source_path, target in extra:
        subprocess.run(["mcopy", "-o", "-i", f"{image}@@1M", source_path, f"::{target}"],
                       check=True)
    return str(image)


def image_run(folder, image, *options, timeout=120, **settings):
    """Image, options of tools/run -> Run."""
    serial = folder / "serial.txt"
    command = [f"{TREE}/tools/run", image, "--serial", str(serial), "--timeout", str(timeout)]
    for name, value in settings.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    done = subprocess.run(command + list(options), capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False)
    text = serial.read_text(errors="replace") if serial.exists() else ""
    text = re.sub(r"\x1b\[[0-9;?=]*[A-Za-z]", "", text).replace("\r", "")
    return Run(done.returncode, text, done.stderr, folder)


def boot_in(folder, source, *options, efi=None, extra=(), **settings):
    """Configuration source, settings of the machine -> Run. For fixtures of a whole module."""
    return image_run(folder, image_make(folder, source, efi, extra), *options, **settings)


@pytest.fixture
def make_image(tmp_path):
    """Returns a function: configuration source -> path of a disk image."""
    return functools.partial(image_make, tmp_path)


@pytest.fixture
def run_image(tmp_path):
    """Returns a function: image, options of tools/run -> Run."""
    return functools.partial(image_run, tmp_path)


@pytest.fixture
def boot(tmp_path):
    """Returns a function: configuration source, settings of the machine -> Run."""
    return functools.partial(boot_in, tmp_path)


@pytest.fixture
def tree():
    return TREE


@pytest.fixture
def build():
    return BUILD
