# SPDX-License-Identifier: Apache-2.0
"""QEMU as a rig of tools/run, with its own emulation or with KVM: the command
line, its control socket (QMP), and what its events mean. session.py drives it."""

import json
import os
import shutil
import socket
import subprocess
import time

MODEL = "EPYC,+svm,+npt"
MODEL_KVM = "host,+vmx,enforce"
PROGRAM = "qemu-system-x86_64"
CODE = "/usr/share/OVMF/OVMF_CODE.fd"
VARIABLES = "/usr/share/OVMF/OVMF_VARS.fd"
CPUS_MAX = 255


def kvm_unfit():
    """Why KVM cannot run a hypervisor here; None when it can. That /dev/kvm
    exists proves nothing: it may come without nested VT-x."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            if " vmx " not in file.read():
                return "this machine's processors have no VT-x"
        with open("/sys/module/kvm_intel/parameters/nested", encoding="ascii") as file:
            if file.read().strip() not in ("Y", "1"):
                return "kvm_intel's parameter 'nested' is off"
    except OSError as error:
        return f"kvm_intel is not there ({error.strerror})"
    return kvm_trial()


def kvm_trial():
    """Starts and stops an empty machine with the options that would be used."""
    command = [PROGRAM, "-S", "-display", "none", "-nodefaults", "-machine", "q35", "-accel",
               "kvm", "-cpu", MODEL_KVM, "-qmp", "stdio"]
    try:
        trial = subprocess.run(command, input='{"execute":"qmp_capabilities"}\n{"execute":"quit"}\n',
                               capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"QEMU with KVM does not start: {error}"
    if trial.returncode != 0:
        return f"QEMU with KVM does not start: {trial.stderr.strip()}"
    return None


class Qemu:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.process = None
        self.control = None
        self.unread = b""
        self.shutdown_reason = None
        self.output = os.path.join(folder, "output")
        self.resets = os.path.join(folder, "resets")

    @staticmethod
    def unfit(options):
        """Why this rig cannot do what is asked for; None when it can."""
        if not shutil.which(PROGRAM):
            return f"{PROGRAM} is not there: run `make setup`"
        if not os.path.exists(CODE) or not os.path.exists(VARIABLES):
            return f"{CODE} is not there: run `make setup`"
        for asked in ("exact", "bochs_exits", "bochs_trace", "bochs_log"):
            if getattr(options, asked):
                return f"--{asked.replace('_', '-')} is for --rig bochs"
        if options.clock != "none":
            return "--clock is for --rig bochs"
        return kvm_unfit() if options.rig == "kvm" else None

    def start(self, preexec):
        """Starts the machine. Returns (connected console or None, listener or None)."""
        variables = os.path.join(self.folder, "variables")
        shutil.copyfile(VARIABLES, variables)
        console, its_console = socket.socketpair()
        self.control, its_control = socket.socketpair()
        fds = its_console.fileno(), its_control.fileno()
        with open(self.output, "wb") as output, its_console, its_control:
            self.process = subprocess.Popen(
                self.command(variables, *fds), stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, env=dict(os.environ, TMPDIR=self.folder),
                pass_fds=fds, preexec_fn=preexec, start_new_session=True)
        self.control.sendall(b'{"execute":"qmp_capabilities"}\n')
        self.control.setblocking(False)
        return console, None

    def command(self, variables, console, control):
        options = self.options
        kvm = options.rig == "kvm"
        base = options.time0 if not options.time0.isdigit() else time.strftime(
            "%Y-%m-%dT%H:%M:%S", time.gmtime(int(options.time0)))
        command = [
            PROGRAM, "-nodefaults", "-display", "none", "-machine", "q35",
            "-vga", "std" if options.screen else "none",
            "-m", str(options.memory), "-smp", str(options.cpus),
            "-accel", "kvm" if kvm else "tcg,thread=multi",
            "-cpu", options.model or (MODEL_KVM if kvm else MODEL), "-rtc", f"base={base}",
            "-drive", f"if=pflash,format=raw,readonly=on,file={CODE}",
            "-drive", f"if=pflash,format=raw,file={variables}",
            "-drive", f"if=none,id=disk,format=raw,file={options.image.replace(',', ',,')},"
                      f"snapshot={'off' if options.keep_disk else 'on'}",
            "-device", "ide-hd,drive=disk,bus=ide.0",
            "-chardev", f"socket,id=console,fd={console}", "-serial", "chardev:console",
            "-chardev", f"socket,id=control,fd={control}", "-mon", "chardev=control,mode=control",
            "-d", "cpu_reset", "-D", self.resets]
        if options.nic:
            forwards = "".join(f",hostfwd=tcp:127.0.0.1:{host}-10.0.2.15:{guest}"
                               for host, guest in options.forward)
            command += ["-netdev", "user,id=net" + forwards, "-device",
                        "e1000,netdev=net,romfile=,mac=52:54:00:12:34:56"]
        if options.gdb:
            command += ["-S", "-gdb", f"tcp:127.0.0.1:{options.gdb}"]
        return command

    def messages(self):
        """What QEMU said on the control socket since the last call."""
        try:
            while self.control:
                piece = self.control.recv(65536)
                if not piece:
                    self.control.close()
                    self.control = None
                self.unread += piece
        except OSError:
            pass
        *lines, self.unread = self.unread.split(b"\n")
        return [json.loads(line) for line in lines if line.strip()]

    def poll(self):
        """Ends QEMU on a triple fault, which it would turn into a quiet reset."""
        for message in self.messages():
            if message.get("event") == "SHUTDOWN":
                self.shutdown_reason = message["data"]["reason"]
            elif message.get("event") == "RESET" and self.triple_fault():
                self.shutdown_reason = "triple fault"
                self.process.kill()

    def triple_fault(self):
        with open(self.resets, encoding="ascii", errors="replace") as file:
            return "Triple fault" in file.read()

    def picture_take(self):
        """Asks for the screen while the machine runs; a PPM file, or None."""
        picture = os.path.join(self.folder, "screen.ppm")
        if not self.control:
            return None
        request = {"execute": "screendump", "id": "screen", "arguments": {"filename": picture}}
        self.control.sendall(json.dumps(request).encode() + b"\n")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.process.poll() is None:
            if any(message.get("id") == "screen" for message in self.messages()):
                break
            time.sleep(0.05)
        return picture if os.path.exists(picture) else None

    def picture_kept(self):
        """QEMU keeps no picture of a machine that is off."""
        return None

    def verdict(self):
        """After the process ended by itself: whether by the machine's wish, and words for it."""
        self.poll()
        if self.shutdown_reason == "guest-shutdown":
            return True, "the machine switched itself off"
        if self.shutdown_reason:
            return False, f"qemu stopped: {self.shutdown_reason}"
        with open(self.output, encoding="utf-8", errors="replace") as file:
            last = file.read().strip().splitlines()[-1:] or ["it said nothing"]
        return False, f"qemu ended with code {self.process.returncode}: {last[0]}"
