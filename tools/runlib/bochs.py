# SPDX-License-Identifier: Apache-2.0
"""Bochs as a rig of tools/run: its configuration file, how it is started and
asked for a picture, and what its last words mean. session.py drives it."""

import os
import re
import signal
import socket
import subprocess
import time

MODEL = "corei7_haswell_4770"
CPUS_MAX = 15
HOST_MEMORY_MAX = 2048
PICTURE_SETTLE = 1.0  # seconds
FIRMWARE = "/usr/share/ovmf/OVMF.fd"
VIDEO_BIOS = "/usr/share/vgabios/vgabios.bin"
TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("BULKHEAD_BOCHS") or os.path.join(
    TREE, "build/third-party/bochs-install/bin/bochs")
PROGRAM_GDB = PROGRAM + "-gdb"

# What Bochs says when the machine was switched off: by its port 0x8900, by ACPI.
SWITCHED_OFF = re.compile(r"Shutdown port|soft power off", re.IGNORECASE)

# Bochs keeps a list of memory blocks that it walks once a block: with its own
# block size of 128 KiB a machine of 6 GiB would take half a minute to switch on.
CONFIGURATION = """\
config_interface: textconfig
display_library: nogui
romimage: file={firmware}
vgaromimage: file={video_bios}
vga: extension=vbe, update_freq=5, realtime=0
pci: enabled=1, chipset=i440fx{slots}
{nic}
memory: guest={memory}, host={host_memory}, block_size=2048
cpu: model={model}, count={cpus}, ips=100000000{quantum}, reset_on_triple_fault=0, \
ignore_bad_msrs=1
clock: sync={clock}, time0={time0}
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=disk, path="{disk}", mode={disk_mode}
boot: disk
com1: enabled=1, mode=socket-client, dev=127.0.0.1:{port}
parport1: enabled=0
mouse: enabled=0
log: "{log}"
panic: action=fatal
error: action={errors}
info: action=ignore
debug: action=ignore
{gdb}
"""


def models():
    """The names of the processors Bochs can be."""
    said = subprocess.run([PROGRAM, "--help", "cpu"], capture_output=True, text=True, check=False)
    return [line for line in said.stderr.splitlines() if re.fullmatch(r"[a-z0-9_]+", line)]


class Bochs:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.process = None
        self.picture = os.path.join(folder, "screen.ppm")
        self.complaints = os.path.join(folder, "stderr")

    @staticmethod
    def unfit(options):
        """Why this rig cannot do what is asked for; None when it can."""
        if not os.access(PROGRAM, os.X_OK):
            return f"bochs is not there ({PROGRAM}): run `make setup`"
        for file in (FIRMWARE, VIDEO_BIOS):
            if not os.path.exists(file):
                return f"{file} is not there: run `make setup`"
        if options.cpus > CPUS_MAX:
            return f"--cpus {options.cpus}: bochs has at most {CPUS_MAX}"
        if options.gdb and not os.access(PROGRAM_GDB, os.X_OK):
            return f"--gdb needs {PROGRAM_GDB}: run `tools/setup bochs-gdb`"
        if options.gdb and options.cpus != 1:
            return "--gdb with bochs needs --cpus 1"
        if options.model and options.model not in models():
            return f"--model {options.model}: bochs knows {', '.join(models())}"
        return None

    def start(self, preexec):
        """Starts the machine. Returns (connected console or None, listener or None)."""
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        port = listener.getsockname()[1]
        rc = os.path.join(self.folder, "bochsrc")
        with open(rc, "w", encoding="utf-8") as file:
            file.write(self.configuration(port))
        with open(self.complaints, "wb") as complaints:
            self.process = subprocess.Popen(
                [PROGRAM_GDB if self.options.gdb else PROGRAM, "-q", "-f", rc],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=complaints,
                env=self.environment(), preexec_fn=preexec, start_new_session=True)
        return None, listener

    def configuration(self, port):
        options = self.options
        # A link, so that Bochs's lock and overlay files appear in our own folder.
        disk = os.path.join(self.folder, "disk.img")
        os.symlink(os.path.abspath(options.image), disk)
        return CONFIGURATION.format(
            firmware=FIRMWARE, video_bios=VIDEO_BIOS, disk=disk, port=port,
            slots=(", slot1=e1000" if options.nic else "") +
                  (", slot2=pcivga" if options.screen else ""), nic=self.nic() if options.nic else "",
            memory=options.memory, host_memory=min(options.memory, HOST_MEMORY_MAX),
            model=options.model or MODEL, cpus=options.cpus, quantum=self.quantum(),
            clock=options.clock, time0=options.time0,
            disk_mode="flat" if options.keep_disk else "volatile",
            log=os.path.abspath(options.bochs_log) if options.bochs_log
            else os.path.join(self.folder, "log"),
            errors="report" if options.bochs_log else "ignore",
            gdb=f"gdbstub: enabled=1, port={options.gdb}, text_base=0, data_base=0, bss_base=0"
            if options.gdb else "")

    def quantum(self):
        """How long one processor runs before the next; the variant for gdb has one only."""
        return "" if self.options.gdb else f", quantum={1 if self.options.exact else 16}"

    def nic(self):
        script = os.path.join(self.folder, "slirp")
        with open(script, "w", encoding="utf-8") as file:
            file.write("# slirp config\n")
            for host, guest in self.options.forward:
                file.write(f"hostfwd = tcp:127.0.0.1:{host}-10.0.2.15:{guest}\n")
        return f"e1000: card=0, enabled=1, mac=52:54:00:12:34:56, ethmod=slirp, script={script}"

    def environment(self):
        """The variables that tools/bochs/instrument reads."""
        asked = {"BULKHEAD_BOCHS_EXITS": self.options.bochs_exits,
                 "BULKHEAD_BOCHS_TRACE": self.options.bochs_trace,
                 "BULKHEAD_BOCHS_PICTURE": self.options.screenshot and self.picture}
        environment = {name: value for name, value in os.environ.items() if name not in asked}
        environment["TMPDIR"] = self.folder
        environment.update((name, os.path.abspath(value)) for name, value in asked.items() if value)
        return environment

    def poll(self):
        """Nothing of Bochs has to be looked after while it runs."""

    def picture_take(self):
        """Asks for the screen while the machine runs; a PPM file, or None."""
        # The emulated display follows its memory a few times a second: what has just been
        # written is not in the picture yet.
        time.sleep(PICTURE_SETTLE)
        self.process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.process.poll() is None:
            if os.path.exists(self.picture):
                break
            time.sleep(0.05)
        return self.picture_kept()

    def picture_kept(self):
        """The screen when the machine switched itself off; a PPM file, or None."""
        return self.picture if os.path.exists(self.picture) else None

    def verdict(self):
        """After the process ended by itself: whether by the machine's wish, and words for it."""
        with open(self.complaints, encoding="utf-8", errors="replace") as file:
            text = file.read()
        _, found, message = text.rpartition("exiting with the following message:")
        message = " ".join(message.split("=====")[0].split())
        if found and SWITCHED_OFF.search(message):
            return True, "the machine switched itself off"
        if found:
            return False, f"bochs stopped: {message}"
        last = text.strip().splitlines()[-1:] or ["it said nothing"]
        return False, f"bochs ended with code {self.process.returncode}: {last[0]}"
