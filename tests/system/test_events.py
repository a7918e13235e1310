# SPDX-License-Identifier: Apache-2.0
"""What a processor promises around instructions that exit, checked from inside of a guest."""
import pytest

from conftest import boot_in, domain, machine

pytestmark = pytest.mark.xdist_group("events")

# guests/events: every check there must be named here, and the other way round.
CHECKS = ("sti-cpuid", "sti-rdmsr", "mov-ss-cpuid", "step-cpuid", "step-rdmsr", "step-port",
          "step-mmio", "nmi-other", "nmi-blocked", "nmi-itself", "instructions", "cr0", "cr4",
          "xsetbv", "cpuid", "hypercalls", "apic", "insb-across", "insb-backwards", "outsb-across",
          "insb-fault", "mmio-across")
MODELS = ("corei7_haswell_4770", "corei7_skylake_x")


@pytest.fixture(scope="module", params=MODELS)
def run(tmp_path_factory, request):
    """One guest with x2APIC, others with the xAPIC page."""
    source = machine(domain("new", "events.elf", cpus=2, memory="8M"),
                     domain("old", "events.elf", cpus=2, memory="8M", bootargs="apic=x"),
                     domain("clock", "hello.elf", memory="8M", bootargs="apic=x ticks=50"),
                     domain("ipis", "smp.elf", cpus=3, memory="8M", bootargs="apic=x rounds=2"),
                     more='log-level = "notice";')
    run = boot_in(tmp_path_factory.mktemp("events"), source, cpus=8, model=request.param)
    assert run.code == 0, run.text + run.ending
    return run


@pytest.mark.parametrize("vm", ["new", "old"])
def test_events_around_exits_are_as_in_the_manual(run, vm):
    run.expect(rf"^{vm}: events: {'x2APIC' if vm == 'new' else 'xAPIC'}$")
    assert run.find(rf"^{vm}: events: (\S+) ok$") == list(CHECKS), run.text
    run.expect(rf"^{vm}: events: 0 failed$")


def test_the_xapic_page_has_a_timer(run):
    run.expect(r"^clock: hello: started by .* xAPIC, ", r"^clock: hello: 50 timer interrupts in 50\d{3} us$")


def test_the_xapic_page_sends_ipis(run):
    run.expect(r"^ipis: smp: CPU 0 up, APIC id \d+, xAPIC$", r"^ipis: smp: 3 of 3 CPUs run$",
               r"^ipis: smp: all but self: \d+ turns, all arrived$", r"^ipis: smp: 0 stray interrupts$",
               r"^ipis: smp: ready$")
