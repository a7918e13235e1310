# SPDX-License-Identifier: Apache-2.0
"""Machine checks of the processor: who ends, and who loses nothing.

No emulator raises one. tests/system/fixtures/machine_check.c writes a bank that all CPUs share,
turns NMI exits of guests into machine checks, and raises those of its own CPU, in root mode, by INT.
"""
import pytest

from conftest import BUILD, boot_in, domain, machine

EFI = f"{BUILD}/test/machine_check.efi"
GPA = "123440"  # OFFSET of the fixture


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    stays = "ticks=5 stay"
    source = machine(
        domain("reader", "rt.elf", memory="8M", bootargs="report=100 brief"),
        domain("owner", "hello.elf", cpus=2, memory="8M", bootargs=stays),
        domain("owner2", "hello.elf", memory="8M", bootargs=stays),
        domain("hit", "hello.elf", memory="8M", bootargs=stays),
        domain("rt", "rt.elf", memory="8M", more="real-time;", bootargs="report=100 brief"),
        more='log-level = "notice";')
    return boot_in(tmp_path_factory.mktemp("machine_check"), source, cpus=7, timeout=300, efi=EFI,
                   until=r"the machine is halted")


@pytest.mark.xdist_group("machine-check")
class TestMachineCheck:
    def test_nothing_came_out_differently(self, run):
        run.expect(r"machine_check: VM reader is running$", r"machine_check: VM rt is running$")
        assert not run.has("FAILED")

    def test_a_broadcast_ends_the_vm_that_owns_the_address_and_no_other(self, run):
        # Read by the CPU of `reader`; logged with the owner's name and address.
        bank = (r"warning: machine check: CPU \d+, bank 0: uncorrected, action required, "
                rf"gpa {GPA} of VM ")
        run.expect(bank + r"owner \(STATUS bd80000000000134, ADDR \w+, MISC 86, MCG_STATUS 5\)$",
                   rf"VM owner crashed: machine check: uncorrected error at gpa {GPA}$",
                   rf"^\[.*\] +\d+ crash 1 of VM owner: machine check: uncorrected error at gpa {GPA}$")

    def test_root_mode_as_a_bystander_goes_on(self, run):
        run.expect(rf"VM owner2 crashed: machine check: uncorrected error at gpa {GPA}$",
                   r"crash 1 of VM owner2: ")

    def test_a_context_that_cannot_go_on_ends_its_own_vm(self, run):
        run.expect(r"VM hit crashed: machine check while vCPU 0 ran: "
                   r"what was interrupted cannot go on$")

    def test_nobody_else_ends(self, run):
        assert sorted(run.find(r"VM (\w+) crashed: ")) == ["hit", "owner", "owner2"]

    def test_corrected_errors_are_logged_with_whose_memory_it_is(self, run):
        run.expect(rf"machine check: CPU \d+, bank 0: corrected, gpa {GPA} of VM reader \(")

    @pytest.mark.parametrize("name", ["reader", "rt"])
    def test_the_timers_of_bystanders_lose_nothing(self, run, name):
        ticks = run.find(rf"^{name}: rt: 100 ticks of 1000 us: .* (\d+) lost$")
        assert len(ticks) >= 6 and set(ticks) == {"0"}
        # One exit by each of the two broadcasts; `reader`, the first in each, has two. As the first VM it
        # also logs what a CPU without a VM has found.
        exits = [int(number) for number in run.find(rf"^{name}: rt: (\d+) exits meanwhile$")]
        assert sum(exits) == (5 if name == "reader" else 2)

    def test_root_mode_that_cannot_go_on_panics(self, run):
        run.expect(r"error: PANIC: machine check in root mode: what was interrupted cannot go on "
                   r"\(bank 0, STATUS 0000000000000000, ADDR 0, MCG_STATUS 4\)$",
                   r"error:   #0 \w+ __wrap_console_poll_for_ever\+")
