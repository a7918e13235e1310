# SPDX-License-Identifier: Apache-2.0
"""What is done at entries on processors that need it. No emulated processor says that it does, so a
variant of the kernel is told so; which processors need what is tested in tests/unit/vmx."""
from conftest import boot_in, domain, machine


def cpuid_cost(folder, **settings):
    folder.mkdir()
    run = boot_in(folder, machine(domain("bench", "bench.elf", memory="64M")), cpus=1,
                  until=r"bench rdmsr", **settings)
    assert run.code == 0, run.text + run.ending
    return run, float(run.find(r"bench cpuid ([0-9.]+)")[0])


def test_small_pages_are_the_remedy_for_the_itlb_multihit_erratum(boot):
    """The VM's RAM is mapped by 4 KiB, and the log says of which CPUs that holds."""
    run = boot(machine(domain("large", "hello.elf", memory="64M"),
                       domain("small", "hello.elf", memory="64M", more="small-pages;")), cpus=2)
    run.expect(r"^  large .* 2 MiB$", r"^  small .* 4 KiB$", r"starts at boot, small-pages$",
               r"CPU 0: mitigations: .*iTLB multihit: OPEN", r"CPU 1: mitigations: .*iTLB multihit: small pages",
               r"VM large ended: power-off", r"VM small ended: power-off")


def test_verw_before_entries_costs_one_instruction_and_only_where_it_is_needed(tmp_path, build):
    plain, without = cpuid_cost(tmp_path / "plain", time0=1577836800)
    clears, with_verw = cpuid_cost(tmp_path / "verw", time0=1577836800, efi=f"{build}/test/verw.efi")
    plain.expect(r"CPU 0: mitigations: L1TF: OPEN, MDS: OPEN, TAA: not affected, MMIO stale data: OPEN, "
                 r"RFDS: not affected, iTLB multihit: OPEN, branches: OPEN$")
    clears.expect(r"CPU 0: mitigations: .*MDS: VERW,")
    assert with_verw == without + 1
