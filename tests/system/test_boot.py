# SPDX-License-Identifier: Apache-2.0
"""From power-on to VMX operation on every CPU, on machines of all sizes."""
import pytest

from conftest import EMPTY, boot_in

STEPS_MAX_4_CPUS = 20_000_000


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """One CPU and nothing in the configuration."""
    return boot_in(tmp_path_factory.mktemp("plain"), EMPTY % "", cpus=1)


@pytest.mark.parametrize("cpus, memory", [(1, 512), (4, 2048), (15, 1024), (2, 6144)])
def test_every_cpu_reaches_vmx_operation(boot, cpus, memory):
    run = boot(EMPTY % "", cpus=cpus, memory=memory)
    assert run.code == 0, run.text + run.ending
    run.expect(r"^Bulkhead \S+: loader$", r"\] +0 Bulkhead \S+$",
               rf"\] +0 {cpus} of {cpus} CPUs in VMX operation, \d+ ticks",
               r"memory: \d+ KiB free for VMs", r"root mode: NX WP SMEP",
               r"switching the machine off$")
    apic_ids = {int(i) for i in run.find(r"CPU \d+ \(APIC id (\d+)\) in VMX operation")}
    assert len(apic_ids) == cpus
    free = int(run.find(r"memory: (\d+) KiB free for VMs")[0])
    # Of RAM beyond 3 GiB Bochs loses the GiB behind the hole for devices.
    usable = memory if memory <= 3072 else memory - 1024
    assert usable * 1024 - 32 * 1024 < free < usable * 1024


def test_four_cpus_take_at_most_20_million_instructions(boot):
    run = boot(EMPTY % "", "--exact", cpus=4)
    ticks = int(run.find(r"4 of 4 CPUs in VMX operation, (\d+) ticks")[0])
    assert ticks <= STEPS_MAX_4_CPUS


def test_the_newer_processor_model_boots_with_smap(boot):
    run = boot(EMPTY % "", model="corei7_skylake_x", cpus=2)
    run.expect(r"2 of 2 CPUs in VMX operation", r"root mode: NX WP SMEP SMAP")


@pytest.mark.xdist_group("plain")
def test_the_tsc_is_calibrated_to_the_machine_s_rate(plain):
    mhz, source = plain.find(r"TSC (\d+\.\d+) MHz \((.*?)\)")[0]
    assert abs(float(mhz) - 100) < 0.1  # Bochs runs at 100 million instructions a second
    assert source == "PM timer"


def test_on_last_vm_reset_boots_again(boot):
    run = boot(EMPTY % 'on-last-vm = "reset";', cpus=2, until=r"resetting the machine",
               until_count=2)
    assert run.code == 0, run.text + run.ending
    assert len(run.find(r"2 of 2 CPUs in VMX operation")) >= 2


@pytest.mark.xdist_group("plain")
def test_log_level_debug_shows_the_memory_map(plain, boot):
    loud = boot(EMPTY % 'log-level = "debug";', cpus=1)
    assert plain.code == 0 and not plain.has(r"debug: memory ")
    loud.expect(r"debug: memory 0*100000-")


def test_the_screen_shows_the_log(boot, tmp_path):
    picture = tmp_path / "screen.png"
    run = boot(EMPTY % 'on-last-vm = "halt";', cpus=1, screenshot=picture,
               until=r"the machine is halted")
    assert run.code == 0, run.ending
    assert text_pixels(picture) > 5000


def text_pixels(path):
    """Number of pixels of a PNG that are not black; reads 8-bit RGB, no interlace."""
    import struct
    import zlib
    data = path.read_bytes()
    position, chunks = 8, {}
    while position < len(data):
        length, kind = struct.unpack(">I4s", data[position:position + 8])
        chunks[kind] = chunks.get(kind, b"") + data[position + 8:position + 8 + length]
        position += 12 + length
    width, height, depth, color = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, color) == (8, 2)
    raw, stride, count = zlib.decompress(chunks[b"IDAT"]), width * 3, 0
    assert all(raw[y * (stride + 1)] == 0 for y in range(height)), "filtered rows"
    for y in range(height):
        row = raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)]
        count += sum(1 for x in range(0, stride, 3) if any(row[x:x + 3]))
    return count
