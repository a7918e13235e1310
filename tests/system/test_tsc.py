# SPDX-License-Identifier: Apache-2.0
"""TSCs of different CPUs: compared at boot, corrected where that is possible, else told.

tests/system/fixtures/skew_tsc.c is the firmware that has left those of CPUs 1 and 2 different.
"""
import pytest

from conftest import BUILD, EMPTY, boot_in, domain, machine

AHEAD = 100000
BEHIND = 500000
CLOSE = 1000  # ticks that a round trip between CPUs takes there at most
SUMMARY = r"TSCs of (\d+) CPUs differ from CPU 0's by at most (\d+) ticks, give or take (\d+)$"


def boot_skewed(folder, model):
    vms = [domain("spans", "hello.elf", cpus=2, memory="8M", bootargs="ticks=5"),
           domain("single", "hello.elf", memory="8M", bootargs="ticks=5")]
    return boot_in(folder, machine(*vms), cpus=4, model=model,
                   efi=f"{BUILD}/test/skew_tsc.chain.efi",
                   extra=[(f"{BUILD}/bulkhead.efi", "/EFI/bulkhead.efi")])


@pytest.mark.parametrize("cpus, options", [(2, []), (15, []), (4, ["--exact"])])
def test_equal_tscs_are_found_equal(boot, cpus, options):
    run = boot(EMPTY % "", *options, cpus=cpus)
    count, difference, error = map(int, run.find(SUMMARY)[0])
    assert count == cpus - 1 and difference <= error <= CLOSE * cpus
    assert not run.has(r"warning: .*TSC")


def test_a_tsc_that_differs_is_corrected_by_tsc_adjust(tmp_path):
    run = boot_skewed(tmp_path, "corei7_haswell_4770")
    warnings = run.find(r"warning: CPU (\d): TSC differs from CPU 0's by (-?\d+) ticks: "
                        r"IA32_TSC_ADJUST (\w+) becomes 0$")
    assert [int(cpu) for cpu, _, _ in warnings] == [1, 2]
    assert abs(int(warnings[0][1]) - AHEAD) < CLOSE and int(warnings[0][2], 16) == AHEAD
    assert abs(int(warnings[1][1]) + BEHIND) < CLOSE
    assert int(run.find(SUMMARY)[0][1]) < CLOSE
    assert not run.has(r"CPU \d: TSC differs .* give or take|time may go back")


def test_without_tsc_adjust_the_cpu_and_its_vm_are_named(tmp_path):
    run = boot_skewed(tmp_path, "corei7_ivy_bridge_3770k")
    found = run.find(r"warning: CPU (\d): TSC differs from CPU 0's by (-?\d+) ticks, give or take")
    assert [int(cpu) for cpu, _ in found] == [1, 2]
    assert abs(int(found[0][1]) - AHEAD) < CLOSE and abs(int(found[1][1]) + BEHIND) < CLOSE
    # CPU 2 is the whole of `single`.
    assert run.find(r"warning: VM (\w+) has CPU (\d) and others: its time may go back$") == [
        ("spans", "1")]
    run.expect(r"VM spans ended: power-off")
