#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests and prints one summary, whose last line is "N passed, N failed".

run_tests.py [unit] [fuzz] [tools] [system] [--fuzz-seconds S]

unit: every cmocka program in build/unit; fuzz: every harness replays its corpus, then tries new
inputs, together for about a minute unless --fuzz-seconds gives each its own time; tools, system:
pytest. Independent programs run side by side on the machine's cores. Called by the Makefile, which
has built everything before.
"""
import argparse
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TREE, os.environ.get("BUILD", "build"))
CORES = os.cpu_count() or 1
FUZZ_TOTAL_S = 60


class Tally:
    """Counts results and remembers what failed."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0
        self.failures = []

    def fail(self, name, output):
        self.failed += 1
        self.failures.append(name)
        print(f"FAILED {name}\n{output.rstrip()}\n", flush=True)


def run_program(command, timeout):
    try:
        done = subprocess.run(command, cwd=TREE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=timeout, check=False)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        return -1, (late.stdout or b"").decode(errors="replace") + f"\nno end after {timeout} s"


def run_unit(tally):
    programs = sorted(glob.glob(f"{BUILD}/unit/*/*/**/test_*", recursive=True))
    programs = [p for p in programs if "/obj/" not in p and os.access(p, os.X_OK)]
    if not programs:
        tally.fail("unit", "no unit test program has been built")
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(CORES) as pool:
        for program, (code, output) in zip(programs,
                                           pool.map(lambda p: run_program([p], 300), programs)):
            name = os.path.relpath(program, f"{BUILD}/unit")
            ok = len(re.findall(r"^\[ +OK \]", output, re.M))
            bad = re.findall(r"^\[ +FAILED +\] (?:LIST OF|.* test)?", output, re.M)
            tally.passed += ok
            if code != 0 or bad or ok == 0:
                tally.fail(name, output)
    print(f"unit: {len(programs)} programs, {tally.passed} tests passed, "
          f"{time.monotonic() - started:.0f} s", flush=True)


def run_fuzz(tally, seconds):
    programs = sorted(p for p in glob.glob(f"{BUILD}/fuzz/fuzz_*") if os.access(p, os.X_OK))
    if not programs:
        tally.fail("fuzz", "no fuzzer has been built")
        return
    each = seconds or max(2, FUZZ_TOTAL_S * CORES // len(programs))

    def fuzz(program):
        name = os.path.basename(program)
        corpus = f"{TREE}/tests/fuzz/corpus/{name.removeprefix('fuzz_')}"
        found = f"{BUILD}/fuzz/found/{name}"
        os.makedirs(found, exist_ok=True)
        folders = [found] + ([corpus] if os.path.isdir(corpus) else [])
        return run_program([program, f"-max_total_time={each}", "-print_final_stats=1",
                            f"-artifact_prefix={found}/", "-timeout=10", *folders], each + 120)

    total = 0
    with concurrent.futures.ThreadPoolExecutor(CORES) as pool:
        for program, (code, output) in zip(programs, pool.map(fuzz, programs)):
            name = os.path.basename(program)
            count = re.search(r"number_of_executed_units: (\d+)", output)
            if code != 0 or count is None:
                tally.fail(name, output[-4000:])
                continue
            total += int(count.group(1))
            tally.passed += 1
            print(f"{name}: {int(count.group(1))} inputs", flush=True)
    print(f"fuzz: {len(programs)} harnesses, {total} inputs", flush=True)


def run_pytest(tally, folder):
    report = f"{BUILD}/test-{folder}.xml"
    if os.path.exists(report):
        os.unlink(report)
    started = time.monotonic()
    code = subprocess.run(
        ["/usr/bin/python3", "-m", "pytest", "-q", "-n", str(CORES), "--dist", "loadgroup",
         "-rs", "--durations=5", "-p", "no:cacheprovider", "-m", "not soak", f"--junitxml={report}",
         f"tests/{folder}"], cwd=TREE, check=False).returncode
    if not os.path.exists(report):
        tally.fail(folder, f"pytest ended with {code} and no report")
        return
    for suite in xml.etree.ElementTree.parse(report).getroot().iter("testsuite"):
        bad = int(suite.get("failures")) + int(suite.get("errors"))
        skipped = int(suite.get("skipped"))
        tally.passed += int(suite.get("tests")) - bad - skipped
        tally.skipped += skipped
        tally.failed += bad
        for case in suite.iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                tally.failures.append(f"{folder}: {case.get('name')}")
    print(f"{folder}: {time.monotonic() - started:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="+", choices=["unit", "fuzz", "tools", "system"])
    parser.add_argument("--fuzz-seconds", type=int, default=0)
    options = parser.parse_args()
    tally = Tally()
    for what in options.what:
        if what == "unit":
            run_unit(tally)
        elif what == "fuzz":
            run_fuzz(tally, options.fuzz_seconds)
        else:
            run_pytest(tally, what)
    for name in tally.failures:
        print(f"failed: {name}")
    skipped = f", {tally.skipped} skipped" if tally.skipped else ""
    print(f"{tally.passed} passed, {tally.failed} failed{skipped}", flush=True)
    sys.exit(1 if tally.failed else 0)


if __name__ == "__main__":
    main()
