# SPDX-License-Identifier: Apache-2.0
"""Machines and configurations that Bulkhead cannot use: it says why and goes back to the firmware."""
import subprocess

import pytest

from conftest import EMPTY, domain, machine

BACK = r"Bulkhead does not start; back to the firmware"
FIRMWARE = r"UEFI Interactive Shell|Shell>|BdsDxe: (loading|No bootable)"


def assert_refused(run, *messages):
    run.expect(*messages, BACK)
    assert not run.has(r"CPUs in VMX operation")
    tail = run.text[run.text.index("Bulkhead does not start"):]
    assert any(word in tail for word in ("UEFI Interactive Shell", "BdsDxe", "Shell>")), tail


def test_intel_processor_without_vtx(boot):
    run = boot(EMPTY % "", rig="qemu", model="Haswell", cpus=2, until=r"UEFI Interactive Shell")
    assert_refused(run, r"error: .*no VT-x")


def test_amd_processor(boot):
    run = boot(EMPTY % "", rig="qemu", cpus=2, until=r"UEFI Interactive Shell")
    assert_refused(run, r"error: .*AMD")


def test_vtx_locked_off_by_the_firmware(boot, build):
    run = boot(EMPTY % "", efi=f"{build}/test/lock_vtx.chain.efi", cpus=2,
               extra=[(f"{build}/bulkhead.efi", "/EFI/bulkhead.efi")],
               until=r"fixture: returned an error")
    run.expect(r"error: .*locked by the firmware", BACK)


def test_configuration_missing(make_image, run_image):
    image = make_image(EMPTY % "")
    subprocess.run(["mdel", "-i", f"{image}@@1M", "::/bulkhead/machine.dtb"], check=True)
    run = run_image(image, cpus=1, until=r"UEFI Interactive Shell")
    assert_refused(run, r"error: .*machine\.dtb cannot be read .*: not found")


def test_configuration_is_garbage(make_image, run_image, tmp_path):
    image = make_image(EMPTY % "")
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"this is no device tree" * 20)
    subprocess.run(["mcopy", "-o", "-i", f"{image}@@1M", str(garbage), "::/bulkhead/machine.dtb"],
                   check=True)
    run = run_image(image, cpus=1, until=r"UEFI Interactive Shell")
    assert_refused(run, r"error: .*machine\.dtb is not a usable configuration")


# The faulty VMs of each; what the machine has is looked at only when all can be read.
UNREADABLE = {
    "property": domain("property", "hello.elf", more='memroy = "16M";'),
    "size": domain("size", "hello.elf", memory="16Q"),
    "port": domain("port", "hello.elf", more="ports = \"0xcf9\";"),
}
TOO_LARGE = {
    "cpus": domain("cpus", "hello.elf", cpus=9),
    "memory": domain("memory", "hello.elf", memory="64G"),
}


@pytest.mark.parametrize("vms", [UNREADABLE, TOO_LARGE], ids=["unreadable", "too large"])
def test_broken_configuration_is_refused_with_the_workstation_s_words(boot, build, tmp_path, vms):
    run = boot(machine(*vms.values()), cpus=4, until=r"UEFI Interactive Shell")
    assert_refused(run, *[rf"^error: /chosen/hypervisor/{name}:" for name in vms],
                   r"the configuration cannot be used")
    on_machine = set(run.find(r"^(error: /chosen/hypervisor/.*)$"))
    checker = subprocess.run([f"{build}/bulkhead-check", "--machine",
                              f"{build}/../config/machines/bochs.dts", str(tmp_path / "machine.dts"),
                              "-I", f"{build}/guests"], capture_output=True, text=True, check=False)
    assert checker.returncode == 1, checker.stdout + checker.stderr
    on_workstation = {line for line in (checker.stdout + checker.stderr).splitlines()
                      if line.startswith("error: /chosen/hypervisor/")}
    assert on_machine == on_workstation


DEVICE = domain("a", "hello.elf", more='pci = "00:02.0"; unsafe-dma;')
OWNER = domain("b", "hello.elf", more='ports = "0xc010";')
BRIDGE = DEVICE.replace("a {", "c {").replace("00:02.0", "00:01.0")


@pytest.mark.parametrize("vms, messages", [
    ((DEVICE, OWNER), [r"a: pci = .*BAR 1 at 0xc000: holds ports .* another VM's: b"]),
    ((DEVICE.replace("unsafe-dma;", ""), BRIDGE),
     [r"a: pci = \"00:02\.0\": can do DMA to all memory", r"c: pci = \"00:01\.0\": is a bridge"])],
    ids=["its ports are another's", "it cannot be given at all"])
def test_a_device_that_cannot_be_given_is_refused(boot, vms, messages):
    run = boot(machine(*vms), "--nic", cpus=3, until=r"UEFI Interactive Shell")
    assert_refused(run, *[rf"^error: /chosen/hypervisor/{message}" for message in messages])


def test_missing_image_is_named(make_image, run_image):
    image = make_image(machine(domain("a", "hello.elf")))
    subprocess.run(["mdel", "-i", f"{image}@@1M", "::/bulkhead/hello.elf"], check=True)
    run = run_image(image, cpus=2, until=r"UEFI Interactive Shell")
    assert_refused(run, r"error: .*hello\.elf")
