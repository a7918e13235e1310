# SPDX-License-Identifier: Apache-2.0
"""VMs of all numbers and sizes on machines of 1 to 15 CPUs: they start, stay inside, end."""
import pytest

from conftest import boot_in, domain, machine

# CPUs of the machine, CPUs of each VM.
SHAPES = {
    "1-cpu": [1],
    "2-cpus": [1, 1],
    "4-cpus": [4],
    "4-cpus-in-pairs": [2, 2],
    "8-vms": [1] * 8,
    "15-cpus": [15],
    "15-cpus-8-vms": [4, 3, 2, 2, 1, 1, 1, 1],
}


def smp_vms(shape):
    return [domain(f"vm{i}", "smp.elf", cpus=cpus, memory="8M", bootargs="rounds=2")
            for i, cpus in enumerate(shape)]


def check_smp(run, shape):
    assert run.code == 0, run.text + run.ending
    for i, cpus in enumerate(shape):
        run.expect(rf"VM vm{i} starts: {cpus} vCPUs, 8 MiB$", rf"^vm{i}: smp: {cpus} of {cpus} CPUs run$",
                   rf"^vm{i}: smp: all but self: \d+ turns, all arrived$",
                   rf"^vm{i}: smp: 0 stray interrupts$", rf"^vm{i}: smp: ready$",
                   rf"VM vm{i} ended: power-off by hypercall$")
        assert len(set(run.find(rf"^vm{i}: smp: CPU \d+ up, APIC id (\d+)"))) == cpus
    assert not run.has(r"smp: FAILED|died|crashed")
    run.expect(r"the last VM has ended$", r"switching the machine off$")


HASWELL, SKYLAKE = "corei7_haswell_4770", "corei7_skylake_x"
# Larger shapes, or the other processor, find whatever these do.
SMALLER = [("2-cpus", HASWELL), ("4-cpus-in-pairs", HASWELL), ("8-vms", HASWELL)]
CASES = [(name, HASWELL) for name in SHAPES] + [("2-cpus", SKYLAKE), ("4-cpus-in-pairs", SKYLAKE)]
CASES = [pytest.param(*case, marks=pytest.mark.soak if case in SMALLER else []) for case in CASES]


@pytest.mark.parametrize("name, model", CASES)
def test_vms_find_their_cpus_and_interrupt_nobody_else(boot, name, model):
    shape = SHAPES[name]
    run = boot(machine(*smp_vms(shape), more='log-level = "notice";'), cpus=sum(shape),
               model=model, timeout=240)
    check_smp(run, shape)


@pytest.mark.xdist_group("lives")
class TestLives:
    """VMs that end in different ways side by side on one machine."""

    @pytest.fixture(scope="class")
    def run(self, tmp_path_factory):
        crash = "attacks=0 brief ending=triple-fault"
        source = machine(
            domain("twice", "hostile.elf", memory="8M", bootargs=crash,
                   more='on-crash = "restart"; restart-max = <2>;'),
            domain("never", "hostile.elf", memory="8M", bootargs=crash),
            domain("halts", "hello.elf", memory="8M", more='on-halt = "restart";',
                   bootargs="ticks=40"),
            domain("later", "hello.elf", memory="8M", more='start = "later";'),
            domain("flat", "reset.bin", memory="1M", more='protocol = "flat";'),
            domain("clock", "rt.elf", memory="8M", more="real-time;",
                   bootargs="reports=5 report=100 brief"), more='log-level = "notice";')
        return boot_in(tmp_path_factory.mktemp("lives"), source, cpus=8, timeout=60,
                       until=r"VM clock ended")

    def test_restarts_by_crash_are_bounded(self, run):
        run.expect(r"VM twice starts again in 100 ms \(restart 1 of at most 2\)$",
                   r"VM twice starts again in 200 ms \(restart 2 of at most 2\)$")
        assert len(run.find(r"VM twice starts: ")) == 3
        assert len(run.find(r"VM twice crashed: triple fault of vCPU 0$")) == 3

    def test_a_crash_stops_the_vm_unless_it_may_restart(self, run):
        assert len(run.find(r"VM never starts: ")) == 1
        assert not run.has(r"VM never starts again")

    def test_power_off_restarts_where_it_is_asked_for(self, run):
        assert len(run.find(r"VM halts starts: ")) >= 3
        run.expect(r"VM halts ended: power-off")

    def test_a_vm_for_later_does_not_start(self, run):
        assert not run.has(r"VM later starts")
        assert not run.has(r"^later: ")

    def test_a_flat_image_runs_from_the_reset_vector(self, run):
        run.expect(r"^flat: reset: ready$", r"VM flat ended: power-off by hypercall$")

    def test_a_timer_tick_costs_no_exit(self, run):
        assert run.find(r"^clock: rt: (\d+) exits meanwhile$") == ["0"] * 5
        assert len(run.find(r"^clock: rt: 100 ticks of 1000 us: .* 0 lost$")) == 5
