# SPDX-License-Identifier: Apache-2.0
"""VMs that are started, stopped, paused and restarted by others, and watchdogs.

The commands come from a CPU without a VM: tests/system/fixtures/life.c.
"""

import pytest

from conftest import BUILD, boot_in, domain, machine

LIFE_EFI = f"{BUILD}/test/life.efi"
RT = domain("rt", "rt.elf", memory="8M", more="real-time;", bootargs="report=100 brief")


def check_undisturbed(run, at_least):
    """The real-time VM: no tick lost, no exit, from its first to its last report."""
    ticks = run.find(r"^rt: rt: 100 ticks of 1000 us: .* (\d+) lost$")
    assert len(ticks) >= at_least and set(ticks) == {"0"}
    assert set(run.find(r"^rt: rt: (\d+) exits meanwhile$")) == {"0"}


@pytest.mark.xdist_group("commands")
class TestCommands:
    @pytest.fixture(scope="class")
    def restarts(self, tmp_path_factory):
        source = machine(
            domain("again", "hello.elf", memory="8M", bootargs="ticks=5 stay"),
            domain("again2", "smp.elf", cpus=2, memory="8M", bootargs="rounds=0"), RT,
            more='log-level = "notice";')
        return boot_in(tmp_path_factory.mktemp("restarts"), source, cpus=5, timeout=300,
                       efi=LIFE_EFI, until=r"life: done")

    @pytest.fixture(scope="class")
    def pauses(self, tmp_path_factory):
        source = machine(
            domain("still", "neighbour.elf", memory="8M", bootargs="rounds=0 report=1 gap=10000000"),
            domain("still2", "smp.elf", cpus=2, memory="8M", bootargs="rounds=100000"), RT,
            more='log-level = "notice";')
        return boot_in(tmp_path_factory.mktemp("pauses"), source, cpus=5, timeout=300,
                       efi=LIFE_EFI, until=r"life: done")

    @pytest.fixture(scope="class")
    def ends(self, tmp_path_factory):
        crash = "attacks=0 brief ending=triple-fault"
        source = machine(
            domain("end-one", "hello.elf", memory="8M", bootargs="ticks=5 stay"),
            domain("end-two", "hello.elf", cpus=2, memory="8M", bootargs="ticks=5 stay"),
            domain("cancel", "hostile.elf", memory="8M", bootargs=crash,
                   more='start = "later"; on-crash = "restart"; restart-max = <5>;'), RT,
            more='log-level = "notice";')
        return boot_in(tmp_path_factory.mktemp("ends"), source, cpus=6, timeout=300,
                       efi=LIFE_EFI, until=r"life: done")

    def test_100_restarts_disturb_nobody(self, restarts):
        restarts.expect(r"life: VM again restarted 100 times$", r"life: VM again2 restarted 100 times$")
        assert not restarts.has(r"FAILED|crashed")
        check_undisturbed(restarts, 5)

    def test_100_pauses_harm_neither_the_guest_nor_its_neighbour(self, pauses):
        pauses.expect(r"life: VM still paused 100 times$", r"life: VM still2 paused 100 times$")
        assert not pauses.has(r"FAILED|crashed")
        assert pauses.has(r"^still: neighbour: ok after \d+ rounds$")
        check_undisturbed(pauses, 3)

    def test_a_vm_ends_in_every_state(self, ends):
        ends.expect(r"life: VM end-one ended in every way$", r"life: VM end-two ended in every way$",
                    r"life: VM cancel stopped while it waited$")
        assert not ends.has(r"FAILED")
        assert len(ends.find(r"VM end-two ended: stopped by test$")) == 3
        assert len(ends.find(r"VM cancel starts: ")) == 2
        # A start by command forgives: the delay is the first one again.
        assert ends.find(r"VM cancel starts again in (\d+) ms") == ["100", "100"]
        check_undisturbed(ends, 1)


@pytest.mark.xdist_group("watchdog")
class TestWatchdog:
    @pytest.fixture(scope="class")
    def run(self, tmp_path_factory):
        restart = 'on-crash = "restart"; restart-max = <1>;'
        source = machine(
            domain("spins", "lives.elf", memory="8M", more=restart,
                   bootargs="watchdog=1 reports=5 hang=spin"),
            domain("halts", "lives.elf", memory="8M", bootargs="watchdog=2 reports=3 hang=halt"),
            domain("idles", "lives.elf", memory="8M", bootargs="watchdog=1 reports=5 hang=idle"),
            RT.replace("brief", "brief reports=16"), more='log-level = "notice";')
        return boot_in(tmp_path_factory.mktemp("watchdog"), source, cpus=4, timeout=240)

    def test_a_guest_that_hangs_with_interrupts_off_is_restarted(self, run):
        text = r"watchdog expired: the guest has not reported for "
        assert len(run.find(rf"VM spins crashed: {text}0\.1 s$")) == 2
        run.expect(rf"VM halts crashed: {text}0\.2 s$", r"VM spins starts again in 100 ms")

    def test_the_status_tells_how_the_last_run_ended(self, run):
        said = run.find(r"^spins: lives: the last run was( not)? ended by the watchdog$")
        assert said == [" not", ""]

    def test_a_guest_that_reports_is_left_alone(self, run):
        assert len(run.find(r"^spins: lives: reported 5 times$")) == 2
        run.expect(r"^idles: lives: alive without a watchdog$", r"VM idles ended: power-off")
        check_undisturbed(run, 3)


def test_linux_uses_the_watchdog_and_is_restarted_by_it(boot):
    ramdisk = 'ramdisk { compatible = "module,ramdisk"; file = "initramfs-watchdog.cpio"; };'
    run = boot(machine(domain("linux", "vmlinuz", memory="128M",
                              more='on-crash = "restart";' + ramdisk,
                              bootargs="console=ttyS0 quiet cryptomgr.notests")),
               cpus=1, timeout=240)
    run.expect(r"^linux: linux: watchdog: time-out 2 s, state active, alive after 5 s$",
               r"VM linux crashed: watchdog expired: the guest has not reported for 2\.0 s$",
               r"VM linux ended: power-off")
    assert run.find(r"^linux: linux: watchdog: wdat_wdt, state (\w+), bootstatus (\d+)$") == [
        ("inactive", "0"), ("inactive", "32")]
    assert not run.has(r"still here|no driver")
