# SPDX-License-Identifier: Apache-2.0
"""What the checks of tools/check share: which files the tree has, and how a finding is told.

A check is a program: it prints a line for each finding, `path:line: words`, then one line with what
it looked at, and exits with 0 when there was no finding, else 1. tools/check/run starts them.
"""
import fnmatch
import os
import subprocess
import sys

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIPPED_FOLDERS = {"build", ".git", "__pycache__", ".pytest_cache", ".cache"}


def walk():
    for folder, folders, names in os.walk(TREE):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS)
        yield from (os.path.relpath(os.path.join(folder, name), TREE) for name in names)


def all_files():
    """Every file of the tree that git knows or would add; without git, every file."""
    done = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=TREE,
                          capture_output=True, text=True, check=False)
    names = done.stdout.split("\0") if done.returncode == 0 else walk()
    return sorted({n for n in names if n and os.path.isfile(os.path.join(TREE, n))})


def files(*patterns):
    """Those whose whole path matches one of the shell patterns, in which * crosses folders."""
    return [n for n in all_files() if any(fnmatch.fnmatchcase(n, p) for p in patterns)]


def read(name):
    """The file's text, or None when it is not text."""
    with open(os.path.join(TREE, name), "rb") as file:
        data = file.read()
    try:
        return None if b"\0" in data else data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def finish(findings, looked_at):
    """Prints the findings and the line about what was looked at; ends the program."""
    for line in findings:
        print(line)
    print(f"{looked_at}: {len(findings) or 'no'} finding{'' if len(findings) == 1 else 's'}")
    sys.exit(1 if findings else 0)
