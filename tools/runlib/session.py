# SPDX-License-Identifier: Apache-2.0
"""One run from start to end: starts the rig, carries the console between the
machine and whoever listens, decides when and why it is over, and leaves nothing
behind. Called by tools/run. Signals only set a flag here, so that no step is
torn in two; nothing in here waits without bound."""

import ctypes
import fcntl
import os
import select
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from .channel import Channel, Server
from .picture import png_write
from .terminal import Terminal, terminal_present
from .text import Lines

TICK = 0.1
PANIC_QUIET = 2.0  # after a panic this long without a word, it has said everything
PANIC_MAX = 15.0
STOP_PATIENCE = 5.0
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
THIS_PROGRAM = os.getpid()


def die_with_parent():
    """In the child: end when this program ends, even when it is killed, also before this call."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != THIS_PROGRAM:
        os._exit(1)


class Signals:
    """Remembers a request to stop; installed before there is anything to leave behind."""

    def __init__(self):
        self.number = None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.on_signal)

    def on_signal(self, number, _frame):
        self.number = number


class Session:
    def __init__(self, options, folder, signals):
        self.options = options
        self.signals = signals
        self.folder = folder
        self.selector = selectors.DefaultSelector()
        self.rig = options.rig_class(options, folder)
        self.machine = None
        self.listener = None
        self.history = bytearray()
        self.lines = Lines(options.until, options.until_count)
        self.awaited = Lines(options.when) if options.when and options.press else None
        self.serial = self.server = self.terminal = self.lock = None
        self.left = self.output_lost = False
        self.heard = self.started = time.monotonic()
        self.panic_at = None

    # ------------------------------------------------------------ start and end

    def start(self):
        if self.options.keep_disk:
            self.lock = open(self.options.image, "rb")
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ValueError(f"another run writes to {self.options.image}") from None
        if self.options.serial:
            self.serial = open(self.options.serial, "wb", buffering=0)
        if self.options.socket:
            self.server = Server(self.selector, self.options.socket, self.history, self.type)
        connection, self.listener = self.rig.start(die_with_parent)
        if connection:
            self.machine = Channel(self.selector, connection, self.on_console)
        else:
            self.selector.register(self.listener, selectors.EVENT_READ, self.on_connect)
        if terminal_present() and not self.serial and not self.server:
            self.terminal = Terminal()
            self.selector.register(sys.stdin, selectors.EVENT_READ, self.on_keys)

    def close(self):
        """Safe at any point of the life; after it no process and no file is left."""
        self.machine_stop()
        if self.server:
            self.server_drain()
            self.server.close()
        if self.terminal:
            self.terminal.restore()
        for thing in (self.machine, self.listener, self.serial, self.lock):
            if thing:
                thing.close()
        self.selector.close()

    def machine_stop(self):
        process = self.rig.process
        if not process or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def server_drain(self):
        deadline = time.monotonic() + 2
        while self.server.waiting() and time.monotonic() < deadline:
            self.serve(TICK)

    # ------------------------------------------------------------ what happens

    def on_connect(self, _mask):
        connection, _ = self.listener.accept()
        self.selector.unregister(self.listener)
        self.listener.close()
        self.listener = None
        self.machine = Channel(self.selector, connection, self.on_console)

    def on_console(self, data):
        self.heard = time.monotonic()
        self.history += data
        text = self.lines.feed(data)
        if self.awaited and self.awaited.until_line is None:
            self.awaited.feed(data)
            if self.awaited.until_line is not None:
                self.type(self.options.press.encode())
        if self.serial:
            self.serial.write(data)
        if self.server:
            self.server.send(data)
        if self.terminal:
            self.show(data)
        elif not self.serial:
            self.show(text.encode())

    def on_keys(self, _mask):
        keys, self.left = self.terminal.keys()
        self.type(keys)

    def type(self, data):
        """Sends keys to the machine; before it listens there is no one to read them."""
        if self.machine:
            self.machine.send(data)

    def show(self, data):
        """Writes to stdout in pieces that never block, so that signals are heeded."""
        for start in range(0, len(data), 512):
            while not select.select([], [1], [], TICK)[1]:
                if self.signals.number:
                    return
            try:
                os.write(1, data[start:start + 512])
            except OSError:
                self.output_lost = True
                return

    # ------------------------------------------------------------ the loop

    def serve(self, timeout):
        for key, mask in self.selector.select(timeout):
            if key.fileobj.fileno() >= 0:  # not closed by a call just before
                key.data(mask)

    def run(self):
        """Runs until there is a reason to end. Returns the exit code and the reason."""
        while True:
            self.serve(TICK)
            self.rig.poll()
            if not self.terminal and not self.serial and time.monotonic() - self.heard > TICK:
                self.show(self.lines.rest().encode())
            ending = self.asked_to_end() or self.console_ended() or self.time_ended()
            if ending:
                return ending
            if self.rig.process.poll() is not None:
                return self.machine_ended()

    def asked_to_end(self):
        number = self.signals.number
        if number:
            return 128 + number, f"stopped by {signal.Signals(number).name}"
        if self.output_lost:
            return 128 + signal.SIGPIPE, "stopped: nobody reads the output any more"
        if self.left:
            return 0, "left at the terminal"
        return None

    def console_ended(self):
        if self.lines.until_line is not None:
            return 0, f"the awaited text appeared: {self.lines.until_line}"
        if self.lines.panic_line is None:
            self.panic_at = None
            return None
        now = time.monotonic()
        self.panic_at = self.panic_at or now
        if now - self.heard < PANIC_QUIET and now - self.panic_at < PANIC_MAX:
            return None
        return 1, f"panic: {self.lines.panic_line}"

    def time_ended(self):
        if self.options.timeout and time.monotonic() - self.started > self.options.timeout:
            wanted = f", '{self.options.until.pattern}' not seen" if self.options.until else ""
            return 1, (f"time-out after {self.options.timeout:g} s{wanted}; "
                       f"the last line: {self.lines.last or '(none)'}")
        return None

    def machine_ended(self):
        """The emulator is gone by itself: reads what is still in the pipe, then judges."""
        if self.listener and select.select([self.listener], [], [], 0)[0]:
            self.on_connect(0)
        while self.machine and self.machine.open and self.machine.receive():
            pass
        if self.lines.until_line is None and self.lines.panic_line is not None:
            return 1, f"panic: {self.lines.panic_line}"
        clean, words = self.rig.verdict()
        if self.lines.until_line is not None:
            return 0, f"the awaited text appeared: {self.lines.until_line}"
        if clean and self.options.until:
            words += f"; '{self.options.until.pattern}' not seen"
        return 0 if clean else 1, words

    def screenshot(self):
        alive = self.rig.process.poll() is None
        picture = self.rig.picture_take() if alive else self.rig.picture_kept()
        if not picture:
            return "; there was no screen to save"
        png_write(picture, self.options.screenshot)
        return f"; screen in {self.options.screenshot}"


def session_run(options):
    """Does the whole run. Returns the exit code of tools/run."""
    signals = Signals()
    folder = tempfile.mkdtemp(prefix="bulkhead-run-")
    session = Session(options, folder, signals)
    code, words = 2, "not started"
    try:
        session.start()
        for host, guest in options.forward:
            print(f"run: 127.0.0.1:{host} is the machine's port {guest}", file=sys.stderr, flush=True)
        code, words = session.run()
        if not session.terminal and not session.serial:
            rest = session.lines.rest()
            session.show((rest + "\n" if session.lines.shown else "").encode())
        if options.screenshot and code < 128:
            words += session.screenshot()
    except (OSError, ValueError) as error:
        code, words = 2, f"cannot go on: {error}"
    finally:
        session.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"run: {words}", file=sys.stderr, flush=True)
    return code
