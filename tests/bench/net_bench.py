#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the management guest alone on one CPU in Bochs, where a TSC tick is an instruction: what
a request costs it in instructions and in exits, and how many a second this host gets through.
Called by `make bench-net`; needs the loader and net.elf built. Prints a table; judges nothing, for
the number of TCP segments, and so of instructions, depends on how the host paces them.
"""
import http.client
import os
import re
import subprocess
import sys
import tempfile
import time

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TREE, os.environ.get("BUILD", "build"))
PATIENCE = 120
REQUESTS = 200
PATHS = ["/", "/api/v1/machine", "/api/v1/vms", "/api/v1/status", "/metrics"]
CONFIG = """/dts-v1/;
/ { chosen { hypervisor { compatible = "hypervisor,bulkhead";
    net { compatible = "bulkhead,domain"; cpus = <1>; memory = "16M"; permissions = "manage";
        pci = "00:02.0"; unsafe-dma;
        kernel { compatible = "module,kernel"; file = "net.elf"; bootargs = "open-read"; }; };
}; }; };
"""


def counters(client):
    """(busy ticks, exits) so far, the request that asks included in part."""
    client.request("GET", "/metrics")
    text = client.getresponse().read().decode()
    busy = int(re.search(r"^bulkhead_net_busy_ticks_total (\d+)", text, re.M)[1])
    exits = sum(int(n) for n in re.findall(r"^bulkhead_vcpu_exits_total\{.*\} (\d+)", text, re.M))
    return busy, exits


def measure(client, path):
    first, second = counters(client), counters(client)
    start = time.monotonic()
    for _ in range(REQUESTS):
        client.request("GET", path)
        answer = client.getresponse()
        assert answer.status == 200
        size = len(answer.read())
    took = time.monotonic() - start
    third = counters(client)
    own = [b - a for a, b in zip(first, second)]  # what asking for the counters costs
    cost = [(c - b - o) / REQUESTS for b, c, o in zip(second, third, own)]
    print(f"{path:20}{size:8}{cost[0]:14.0f}{cost[1]:10.2f}{REQUESTS / took:12.0f}", flush=True)


def connect(process, messages, serial):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        messages.seek(0)
        found = re.search(r"127\.0\.0\.1:(\d+) is", messages.read())
        if found and os.path.exists(serial):
            with open(serial, encoding="utf-8", errors="replace") as file:
                if "net: address" in file.read():
                    return http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=PATIENCE)
        time.sleep(0.2)
    sys.exit("bench-net: the guest did not come up")


def main():
    with tempfile.TemporaryDirectory() as work, open(f"{work}/messages", "w+",
                                                     encoding="utf-8") as messages:
        with open(f"{work}/net.dts", "w", encoding="utf-8") as file:
            file.write(CONFIG)
        image, serial = f"{work}/disk.img", f"{work}/serial"
        subprocess.run([f"{TREE}/tools/mkimage", f"{work}/net.dts", image, "-I",
                        f"{BUILD}/guests", "--efi", f"{BUILD}/bulkhead.efi"], check=True)
        process = subprocess.Popen(
            [f"{TREE}/tools/run", image, "--cpus", "1", "--clock", "slowdown", "--serial", serial,
             "--forward", "0:80", "--timeout", "600"], stdin=subprocess.DEVNULL, stderr=messages)
        try:
            client = connect(process, messages, serial)
            print(f"{'request':20}{'bytes':>8}{'instructions':>14}{'exits':>10}{'a second':>12}")
            for path in PATHS:
                measure(client, path)
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
