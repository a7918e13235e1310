# SPDX-License-Identifier: Apache-2.0
"""A network card handed to Debian's PREEMPT_RT kernel: it takes a lease, serves pages to this host,
restarts and does so again, and its interrupts cause no exit. Unpacked (PVH), which saves most of an
emulated start; `make soak` boots it as it is packed (test_linux.py boots another packed kernel).

The console's file is followed while the machine runs; the machine ends by a page of the guest's.
"""
import os
import re
import subprocess
import time
import urllib.request

import pytest

from conftest import TREE, boot_in, domain, image_make, machine

WORDS = "console=ttyS0 quiet cryptomgr.notests "
PATIENCE = 500  # seconds; a busy host is ten times slower than an idle one
EXIT_INTERRUPT, EXIT_WINDOW, EXIT_EPT = 1, 7, 48
MASKING_MAX = 8  # exits by which a kernel masks a pin and opens it again
TICKS_A_SECOND = 100_000_000
PAGES = 5

pytestmark = pytest.mark.xdist_group("devices")


def rt_linux(kernel, more="", words="", cpus=1):
    ramdisk = 'ramdisk { compatible = "module,ramdisk"; file = "initramfs-rt.cpio"; };'
    return domain("linux", kernel, cpus=cpus, memory="192M", more=more + ramdisk,
                  bootargs=WORDS + words)


class Machine:
    """A running machine, its console so far, and its port 80."""

    def __init__(self, folder):
        image = image_make(folder, machine(
            rt_linux("vmlinux-rt", 'pci = "00:02.0"; unsafe-dma;')))
        self.folder, self.text = folder, ""
        with open(folder / "said", "wb") as said:
            self.process = subprocess.Popen(
                [f"{TREE}/tools/run", image, "--serial", folder / "serial", "--forward", "0:80",
                 "--cpus", "1", "--memory", "512", "--timeout", str(2 * PATIENCE),
                 "--bochs-trace", folder / "trace"],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said)

    def follow(self, regex, count=1):
        """Waits until `count` lines of the console match."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            ended = self.process.poll() is not None
            if os.path.exists(self.folder / "serial"):
                self.text = (self.folder / "serial").read_text(errors="replace").replace("\r", "")
            if len(re.findall(regex, self.text, re.M)) >= count:
                return
            assert not ended, f"the machine ended before {regex!r}:\n{self.text}"
            time.sleep(0.2)
        raise AssertionError(f"no {count} lines match {regex!r} in\n{self.text}")

    def get(self, path):
        """A page of the guest's, as text."""
        said = (self.folder / "said").read_text()
        port = re.search(r"127\.0\.0\.1:(\d+) is the machine's port 80", said)[1]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
            return answer.read().decode()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Pages of a first life of the VM and of a second; then it powers off."""
    here = Machine(tmp_path_factory.mktemp("devices"))
    try:
        here.follow(r"^linux: linux: ready$")
        here.first = [here.get("/") for _ in range(PAGES)]
        here.interrupts = here.get("/cgi-bin/interrupts")
        here.idle = here.get("/cgi-bin/idle")
        here.get("/cgi-bin/reboot")
        here.follow(r"^linux: linux: ready$", 2)
        here.second = here.get("/")
        here.get("/cgi-bin/poweroff")
        here.follow(r"VM linux ended: power-off")
        here.process.wait(timeout=PATIENCE)
    finally:
        here.process.terminate()
        here.process.wait()
    return here


def exits(run):
    """(tick, reason, qualification) of every exit, in order."""
    for line in (run.folder / "trace").read_text().splitlines():
        tick, _, reason, qualification, _ = line.split()
        yield int(tick), int(reason), int(qualification, 16)


def test_the_card_serves_pages_to_the_host(served):
    assert re.search(r"^linux: linux: \S+-rt-amd64 .*PREEMPT_RT.* 1 CPUs, realtime 1$",
                     served.text, re.M), served.text
    assert served.text.count("lease of 10.0.2.15 on eth0") == 2
    for page in served.first + [served.second]:
        assert re.match(r"Served by \S+-rt-amd64 .*PREEMPT_RT", page)


def test_the_kernel_keeps_the_cards_resources(served):
    assert "BAR 0 [mem 0x80000000-0x8001ffff]" in served.interrupts
    assert not re.search(r"can't claim|no compatible|BAR \d: (assigned|failed|no space)|"
                         r"can't derive|no GSI|nobody cared", served.interrupts + served.text)
    assert re.search(r"^\s*\d+:\s+\d+\s+.*IO-APIC\s+16-fasteoi\s+eth0$", served.interrupts, re.M)


def test_the_vm_restarts_with_its_card(served):
    assert len(re.findall(r"PCI 00:02\.0 is its 02\.0, GSI 16, not reset$", served.text, re.M)) == 2
    assert re.search(r"VM linux ended: reset by ", served.text)


def counts(text):
    return [int(number) for number in re.findall(r"^\s*\d+:\s+(\d+)\s+.*eth0$", text, re.M)]


def test_interrupts_cause_no_exit(served):
    assert counts(served.interrupts)[0] > 2 * PAGES
    seen = {reason for _, reason, _ in exits(served)}
    assert not seen & {EXIT_INTERRUPT, EXIT_WINDOW}


def test_an_idle_kernel_exits_only_to_mask_and_unmask_the_cards_pin(served):
    """While nobody asks for a page the driver has one interrupt every two seconds. PREEMPT_RT masks
    the pin around its handler, which is a thread: that exits, the interrupt itself does not."""
    before, after = counts(served.idle)
    assert 5 <= after - before <= 25
    seen = list(exits(served))
    pauses = [i for i in range(1, len(seen))
              if 1.5 <= (seen[i][0] - seen[i - 1][0]) / TICKS_A_SECOND <= 2.5]
    between = [{reason for _, reason, _ in seen[a:b]} for a, b in zip(pauses, pauses[1:])
               if b - a <= MASKING_MAX]
    assert between.count({EXIT_EPT}) >= 5


@pytest.mark.soak
def test_the_kernel_as_debian_packs_it_boots_without_a_device(tmp_path):
    run = boot_in(tmp_path, machine(rt_linux("vmlinuz-rt", words="net=off", cpus=2)), cpus=2,
                  timeout=PATIENCE, memory=512)
    run.expect(r"linux: \S+-rt-amd64 .*PREEMPT_RT.* 2 CPUs, realtime 1$", r"linux: linux: ready$",
               r"VM linux ended: power-off")
    assert run.code == 0
