# SPDX-License-Identifier: Apache-2.0
"""The person's terminal as the machine's console: raw while the machine runs,
itself again afterwards. Used by session.py, which must call restore()."""

import os
import sys
import termios
import tty

PREFIX = 0x01  # Ctrl-A
HELP = "run: keys go to the machine; Ctrl-A x leaves"


def terminal_present():
    return sys.stdin.isatty() and sys.stdout.isatty()


class Terminal:
    def __init__(self):
        self.input = sys.stdin.fileno()
        self.saved = termios.tcgetattr(self.input)
        self.prefixed = False
        print(HELP, file=sys.stderr, flush=True)
        tty.setraw(self.input, termios.TCSANOW)

    def restore(self):
        """Back to the settings found, with the cursor at the start of a plain line."""
        try:
            termios.tcsetattr(self.input, termios.TCSANOW, self.saved)
            os.write(sys.stdout.fileno(), b"\x1b[0m\r\n")
        except (OSError, termios.error):
            pass  # the terminal is gone

    def keys(self):
        """Reads keys; returns the bytes for the machine and whether the person leaves."""
        data = os.read(self.input, 4096)
        if not data:
            return b"", True
        out = bytearray()
        for key in data:
            if not self.prefixed:
                self.prefixed = key == PREFIX
                if not self.prefixed:
                    out.append(key)
                continue
            self.prefixed = False
            if key in b"xX":
                return bytes(out), True
            out += bytes([key]) if key == PREFIX else bytes([PREFIX, key])
        return bytes(out), False
