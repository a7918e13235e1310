# SPDX-License-Identifier: Apache-2.0
"""Faults on purpose: that guests suffer what was asked for, and how a real one takes it."""
import re

import pytest

from conftest import boot_in, domain, image_make, machine
from test_monitor import Monitor

MB = 1 << 20


def victim(name, plan, words="watch=100", more="", cpus=1):
    return domain(name, "lives.elf", memory="8M", bootargs=words, cpus=cpus,
                  more=f"faults; fault-plan = {plan}; {more}")


@pytest.mark.xdist_group("faults")
class TestKinds:
    """One VM for each kind of fault, and one that may have some but has none."""

    @pytest.fixture(scope="class")
    def run(self, tmp_path_factory):
        source = machine(
            victim("nmi", '"nmi=10ms"'), victim("mc", '"seed=3", "mc=20ms"'),
            victim("down", '"mc=20ms"', "watch=100 no-mce",
                   'on-crash = "restart"; restart-max = <1>;'),
            victim("drop", '"drop=5"'), victim("double", '"double=5"'),
            victim("rtc", '"read-rtc=10"'), victim("none", '"seed=9"'),
            more='log-level = "notice";')
        return boot_in(tmp_path_factory.mktemp("faults"), source, cpus=7, timeout=300)

    @pytest.fixture(scope="class")
    def reads(self, tmp_path_factory):
        late = "attacks=0 brief ending=triple-fault"
        source = machine(
            victim("pci", '"read-pci=10"'), victim("kbc", '"read-kbc=10"'),
            victim("uart", '"read-uart=10"'), victim("twin", '"seed=5 read-kbc=10"'),
            victim("twin2", '"seed=5 read-kbc=10"'),
            domain("late", "hostile.elf", memory="8M", bootargs=late,
                   more='faults; fault-plan = "seed=4 restart=3s"; on-crash = "restart"; '
                        'restart-max = <2>;'),
            more='log-level = "notice";')
        return boot_in(tmp_path_factory.mktemp("reads"), source, cpus=6, timeout=300)

    @staticmethod
    def seen(run, name):
        """NMIs, machine checks, interrupts lost and doubled, wrong reads, as the guest counted."""
        first = run.find(rf"^{name}: lives: (\d+) NMIs, (\d+) machine checks$")
        second = run.find(rf"^{name}: lives: of 100 interrupts (\d+) lost, (\d+) doubled; (\d+) wrong")
        assert len(first) == 1 and len(second) == 1, run.text
        return [int(number) for number in first[0] + second[0]]

    def suffers(self, run, name, which, told):
        seen = self.seen(run, name)
        faults = run.find(rf"VM {name}: fault \d+: {told}$")
        assert seen[which] > 0
        assert sum(seen) == seen[which]
        return seen[which], len(faults)

    @pytest.mark.parametrize("name, which, told", [
        ("nmi", 0, "NMI to vCPU 0"), ("mc", 1, "machine check of vCPU 0"),
        ("drop", 2, "lost interrupt, vector 61"), ("double", 3, "second interrupt, vector 61"),
        ("rtc", 4, "read-rtc ..?")])
    def test_a_guest_suffers_what_was_asked_for(self, run, name, which, told):
        seen, faults = self.suffers(run, name, which, told)
        # A fault in the last moment may come too late to be seen.
        assert faults - 1 <= seen <= faults

    @pytest.mark.parametrize("name, told", [
        ("pci", "read-pci [0-9a-f]+"), ("kbc", "read-kbc ..?"), ("uart", "read-uart ..?")])
    def test_a_device_reads_wrong(self, reads, name, told):
        """The guest does not look at all that it reads, and one round may have two faults."""
        seen, faults = self.suffers(reads, name, 4, told)
        assert seen <= faults

    def test_a_guest_without_mce_shuts_down(self, run):
        why = r"machine check on purpose of vCPU 0 while CR4\.MCE is clear$"
        assert len(run.find(rf"VM down crashed: {why}")) == 2

    def test_each_start_begins_anew(self, run):
        """The crash comes after the same time."""
        assert run.find(r"VM down: fault (\d+): machine check of vCPU 0$") == ["1", "1"]

    def test_the_same_seed_gives_the_same_faults(self, reads):
        row = reads.find(r"VM twin: fault (\d+: read-kbc .*)$")
        assert len(row) > 3
        assert row == reads.find(r"VM twin2: fault (\d+: read-kbc .*)$")
        assert row != reads.find(r"VM kbc: fault (\d+: read-kbc .*)$")

    def test_a_restart_takes_longer(self, reads):
        """By up to three seconds, as the log says; each run begins the row anew."""
        told = [int(us) for us in reads.find(r"VM late: fault 1: restart delayed by (\d+) us$")]
        waits = [int(ms) for ms in reads.find(r"VM late starts again in (\d+) ms")]
        assert len(told) == 3 and len(waits) == 2  # the last time it stays down
        assert all(0 < us <= 3000000 for us in told) and len(set(told)) == 1
        for us, wait, usual in zip(told, waits, (100, 200)):
            assert us // 1000 + usual <= wait <= us // 1000 + usual + 1
        crashed = [float(at) for at in reads.find(r"^\[ *([\d.]+)\].*VM late crashed")]
        starts = [float(at) for at in reads.find(r"^\[ *([\d.]+)\].*VM late starts: ")]
        assert len(starts) == 3
        for end, start, wait in zip(crashed, starts[1:], waits):
            assert start - end >= wait / 1000

    def test_a_vm_that_asks_for_none_has_none(self, run):
        assert self.seen(run, "none") == [0, 0, 0, 0, 0]
        assert not run.has(r"VM none: fault")


@pytest.mark.xdist_group("poison")
class TestPoison:
    """A page of RAM that is bad: 0x600000 of 8 MiB."""

    DATA, FETCH = "bd80000000000134", "bd80000000000150"

    @pytest.fixture(scope="class")
    def run(self, tmp_path_factory):
        tries = "poison=0x600000"
        plan = '"poison=0x600abc"'
        source = machine(
            victim("one", plan, tries), victim("two", plan, tries, cpus=2),
            victim("again", plan, tries + " again", 'on-crash = "restart"; restart-max = <1>;'),
            victim("well", '"seed=1"', tries),
            victim("any", '"memory=500us"', "watch=100"),
            more='log-level = "notice";')
        return boot_in(tmp_path_factory.mktemp("poison"), source, cpus=6, timeout=300)

    @pytest.mark.parametrize("name", ["one", "two", "again"])
    def test_every_access_is_a_machine_check(self, run, name):
        said = dict(run.find(rf"^{name}: lives: ([a-z ]+): (#MC, status .*)$"))
        for what, bank, at in (
                ("read", self.DATA, 0x600000), ("read its end", self.DATA, 0x600fff),
                ("read across its start", self.DATA, 0x600000), ("write", self.DATA, 0x600008),
                ("add", self.DATA, 0x600010), ("copy", self.DATA, 0x600000),
                ("fetch", self.FETCH, 0x600008), ("page walk", self.DATA, 0x600000)):
            assert said[what] == f"#MC, status 7, bank {bank} at {at:x}, misc 8c", what
        # What was on its way into the guest is lost: there is no going on.
        assert said["delivery"] == f"#MC, status 6, bank {self.DATA} at 600000, misc 8c"

    def test_it_is_told_once(self, run):
        assert run.find(r"VM one: fault (\d+: .*)$") == [
            "1: poisoned page, gpa 600000", "2: access to poisoned page, gpa 600000"]

    def test_the_guest_goes_on(self, run):
        for name in ("one", "two", "well"):
            run.expect(rf"^{name}: lives: poison tried$", rf"VM {name} ended: power-off")

    def test_other_cpus_hear_of_it(self, run):
        run.expect(r"^two: lives: the other CPU: 8 machine checks, status 5, bank 0$")

    def test_a_machine_check_during_another_ends_the_vm(self, run):
        run.expect(r"VM again crashed: machine check on purpose of vCPU 0 while it handles another$")
        assert not run.has(r"^again: lives: poison tried")

    def test_a_start_makes_pages_good_and_bad_again(self, run):
        assert run.find(r"VM again: fault (\d+): poisoned page, gpa 600000$") == ["1", "1"]
        assert len(run.find(r"^again: lives: read: #MC")) == 2

    def test_without_poison_nothing_happens(self, run):
        assert not run.has(r"^well: lives: .*#MC") and not run.has(r"VM well: fault ")
        assert len(run.find(r"^well: lives: [a-z ]+: nothing, status 0, bank 0 at 0, misc 0$")) > 3

    def test_pages_anywhere_go_bad_but_not_more_than_eight(self, run):
        pages = run.find(r"VM any: fault \d+: poisoned page, gpa ([0-9a-f]+)$")
        assert 5 <= len(pages) <= 8 and len(set(pages)) == len(pages)
        assert all(int(page, 16) < 8 * MB and int(page, 16) % 4096 == 0 for page in pages)


@pytest.mark.xdist_group("poison-linux")
def test_linux_kills_the_process_whose_memory_went_bad_and_lives_on(tmp_path):
    """PREEMPT_RT Linux on two CPUs, with memory failure handling as Debian builds it."""
    ramdisk = 'ramdisk { compatible = "module,ramdisk"; file = "initramfs-poison.cpio"; };'
    source = machine(domain("linux", "vmlinux-rt", cpus=2, memory="256M", more="faults;" + ramdisk,
                            bootargs="console=ttyS0 quiet cryptomgr.notests"),
                     more='on-last-vm = "halt";')
    line = Monitor(image_make(tmp_path, source), tmp_path, "--cpus", "3")
    try:
        said = line.expect(r"^linux: linux: poison: a page at 0x[0-9a-f]+\n")
        page = re.search(r"0x[0-9a-f]+\n$", said).group().strip()
        line.open()
        line.says("fault linux poison=0xfffff000", r"VM linux has no RAM where")
        line.says(f"fault linux poison={page}", rf'faults are now "poison={page}"')
        line.type("\x1d", "a")
        line.expect(r"VM linux: fault 1: poisoned page, gpa 0*" + page[2:].lstrip("0"))
        line.expect(r"^linux: linux: poison: the process ended with 135$")
        line.expect(rf"^linux: .*Memory failure: {int(page, 16) >> 12:#x}: recovery action for "
                    r".*: Recovered$")
        line.expect(r"^linux: HardwareCorrupted: +4 kB$")
        line.expect(r"^linux: linux: poison: alive$")
        line.expect(r"VM linux ended: power-off")
    finally:
        line.close()
