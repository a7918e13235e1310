# SPDX-License-Identifier: Apache-2.0
"""Reads the console's bytes as lines of text: without escape sequences, to look
for the wanted text and for signs of a panic. Used by session.py."""

import re

# Escape sequences of the firmware's terminal driver and of most guests.
ESCAPES = re.compile(rb"\x1b(\[[0-9;?=]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|"
                     rb"[()][0-9A-Za-z]|[^\[\]()])")
UNFINISHED = re.compile(rb"\x1b(\[[0-9;?=]*[ -/]*|[()])?$")
UNPRINTABLE = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")

# Bulkhead's own, and the firmware's report of a processor exception.
PANIC = re.compile(r"^(\[[^]]*\] +(\d+ error: )?)?(BULKHEAD )?PANIC|^!!!! .*Exception Type")

# Its last words before it goes on with a reset: who waits for a text waits for the next boot.
PANIC_RESETS = re.compile(r"the machine is reset \(on-panic = ")


def clean(raw):
    """A piece of a line as text, without what does not print."""
    raw = UNFINISHED.sub(b"", ESCAPES.sub(b"", raw))
    return UNPRINTABLE.sub(b"", raw).decode("utf-8", "replace")


class Lines:
    """Collects bytes; `last` is the newest line that says something."""

    def __init__(self, until, until_count=1):
        self.until = until
        self.until_left = until_count  # lines that must match before the end
        self.counted = False           # the current line has been
        self.partial = b""
        self.shown = 0
        self.last = ""
        self.until_line = None
        self.panic_line = None
        self.panic_growing = False

    def feed(self, data):
        """Takes bytes in; returns the text to show for those lines that ended."""
        *ended, self.partial = (self.partial + data).split(b"\n")
        text = ""
        for raw in ended:
            line = clean(raw)
            self.look(line)
            self.panic_growing = False
            self.counted = False
            text += line[self.shown:] + "\n"
            self.shown = 0
        self.look(clean(self.partial))
        return text

    def rest(self):
        """The text of the unfinished line that was not returned yet."""
        line = clean(self.partial)
        text = line[self.shown:]
        self.shown = max(self.shown, len(line))
        return text

    def look(self, line):
        if line.strip():
            self.last = line.strip()
        if self.until and not self.counted and self.until.search(line):
            self.counted = True
            self.until_left -= 1
            if self.until_left == 0:
                self.until_line = line.strip()
        if (self.panic_line is None or self.panic_growing) and PANIC.search(line):
            self.panic_line = line.strip()
            self.panic_growing = True
        elif self.until and self.panic_line and PANIC_RESETS.search(line):
            self.panic_line = None
