# SPDX-License-Identifier: Apache-2.0
"""The management guest, asked by real clients on this host while it runs below Bulkhead beside
Debian's Linux, a real-time guest and one more: pages, API, metrics, consoles, syslog, tokens,
clients with bad intentions, and its own end.

One machine for all tests, which run in their order. Bochs's card is connected to this host by user
networking; its clock is held to ours, or time-outs would pass while the host is busy.
"""
import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import time

import pytest

from conftest import TREE, domain, image_make, machine
from prometheus import parse

TOKEN = "sesame-1234"
PATIENCE = 240  # seconds, for a host that has other things to do
VMS = ["net", "linux", "rt", "hello"]

pytestmark = pytest.mark.xdist_group("net")


class Machine:
    """A machine that runs in the background."""

    def __init__(self, folder):
        self.log_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.log_socket.bind(("127.0.0.1", 0))
        words = (f"token={TOKEN} open-read name=rack-3 "
                 f"syslog=10.0.2.2:{self.log_socket.getsockname()[1]}")
        ramdisk = 'ramdisk { compatible = "module,ramdisk"; file = "initramfs.cpio"; };'
        # In the order of VMS: a console's port is 2300 and the VM's number.
        source = machine(
            domain("net", "net.elf", bootargs=words, more='pci = "00:02.0"; unsafe-dma; '
                   'permissions = "manage"; on-crash = "restart"; restart-max = <9>;'),
            domain("linux", "vmlinuz", memory="128M", more=ramdisk,
                   bootargs="console=ttyS0 quiet cryptomgr.notests shell"),
            domain("rt", "rt.elf", more="real-time;", bootargs="brief report=500"),
            domain("hello", "hello.elf", bootargs="stay"))
        self.serial = folder / "serial.txt"
        command = [f"{TREE}/tools/run", image_make(folder, source), "--cpus", "4", "--clock",
                   "slowdown", "--serial", str(self.serial), "--timeout", "900"]
        for port in (80, 2300, 2301, 2303):
            command += ["--forward", f"0:{port}"]
        self.messages = open(folder / "messages.txt", "w+", encoding="utf-8")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=self.messages)
        self.ports = {}

    def text(self):
        return self.serial.read_text(errors="replace") if self.serial.exists() else ""

    def wait(self, regex, count=1):
        """Until that many lines match; returns them all."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = re.findall(regex, self.text(), re.M)
            if len(found) >= count:
                return found
            assert self.process.poll() is None, self.text()
            time.sleep(0.2)
        raise AssertionError(f"not {count} of {regex!r} in\n{self.text()}")

    def port(self, guest):
        if not self.ports:
            self.messages.seek(0)
            found = re.findall(r"127\.0\.0\.1:(\d+) is the machine's port (\d+)",
                               self.messages.read())
            self.ports = {int(inside): int(outside) for outside, inside in found}
        return self.ports[guest]

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.messages.close()
        self.log_socket.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    made = Machine(tmp_path_factory.mktemp("net"))
    try:
        made.wait(r"^net: net: address \d")
        made.wait(r"^linux: linux: ready")
        made.wait(r"^rt: rt: ready")
        yield made
    finally:
        made.close()


def curl(lab, path, *options, token=TOKEN):
    """-> (status, body)"""
    command = ["curl", "-s", "-m", "60", "-w", "\n%{http_code}", *options]
    if token:
        command += ["-H", f"Authorization: Bearer {token}"]
    done = subprocess.run(command + [f"http://127.0.0.1:{lab.port(80)}{path}"],
                          capture_output=True, text=True, check=False)
    body, _, status = done.stdout.rpartition("\n")
    return int(status or 0), body


def ask(lab, path):
    status, body = curl(lab, path)
    assert status == 200, body
    return json.loads(body)


def wait_for(what, patience=PATIENCE):
    """Until what() is true; connections may fail meanwhile."""
    end = time.monotonic() + patience
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException, AssertionError,
                                 json.JSONDecodeError):
            if what():
                return
        assert time.monotonic() < end, "in vain"
        time.sleep(0.3)


def post(lab, vm, action):
    status, body = curl(lab, f"/api/v1/vms/{vm}/{action}", "-X", "POST")
    assert status == 202, body


def lost_ticks(lab):
    """What rt lost, report by report."""
    return [int(lost) for lost in lab.wait(r"^rt: rt: \d+ ticks .* (\d+) lost", 1)]


@contextlib.contextmanager
def rt_undisturbed(lab):
    """rt loses nothing meanwhile; the report that is under way at the start does not count."""
    before = len(lab.wait(r"^rt: rt: \d+ ticks", len(lost_ticks(lab)) + 1))
    yield
    lab.wait(r"^rt: rt: \d+ ticks", before + 1)
    after = lost_ticks(lab)[before:]
    assert not any(after), after


def test_page_needs_nothing_from_elsewhere(lab):
    status, page = curl(lab, "/", token=None)
    assert status == 200 and "<title>Bulkhead</title>" in page
    for path in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert not re.match(r"[a-z]+:(?!,)|//", path) or path == "data:,", path
        if path != "data:,":
            assert curl(lab, "/" + path, token=None)[0] == 200
    script = curl(lab, "/app.js", token=None)[1]
    assert "//" not in script.replace("// ", "") or "http" not in script


def test_api_tells_of_all_vms(lab):
    status = ask(lab, "/api/v1/status")
    assert [vm["name"] for vm in status["vms"]] == VMS
    assert all(vm["state"] == "running" for vm in status["vms"])
    assert [vm["name"] for vm in status["vms"] if vm["self"]] == ["net"]
    assert status["machine"]["cpus"] == 4
    assert "linux: ready" in status["log"]["text"]
    linux = ask(lab, "/api/v1/vms/linux")
    reasons = linux["vcpu"][0]["reasons"]
    assert reasons["cpuid"] > 10 and reasons["io_instruction"] > 10
    assert sum(reasons.values()) == linux["vcpu"][0]["exits"]
    assert ask(lab, "/api/v1/vms/hello/plan")["text"] != ""
    console = ask(lab, "/api/v1/vms/hello/console")
    assert "hello: ready" in console["text"]
    assert ask(lab, f"/api/v1/vms/hello/console?from={console['next']}")["text"] == ""


def test_metrics_are_sound_and_counters_grow(lab):
    def scrape():
        status, text = curl(lab, "/metrics")
        assert status == 200
        return parse(text)
    first, second = scrape(), scrape()
    assert set(first) <= set(second)
    for (name, labels), value in first.items():
        if name.endswith("_total"):
            assert second[name, labels] >= value, name
    assert second["bulkhead_net_http_requests_total", ()] == first[
        "bulkhead_net_http_requests_total", ()] + 1
    for vm in VMS:
        assert first["bulkhead_vm_up", (("vm", vm),)] == 1
    key = ("bulkhead_vcpu_exits_total", (("reason", "vmcall"), ("vcpu", "0"), ("vm", "net")))
    assert second[key] > first[key]


def test_without_the_token_only_reading_works(lab):
    assert curl(lab, "/api/v1/vms", token=None)[0] == 200
    assert curl(lab, "/api/v1/vms/linux/console", token=None)[0] == 401
    assert curl(lab, "/api/v1/vms/linux/stop", "-X", "POST", token=None)[0] == 401
    for wrong in ("sesame-123", "sesame-12345", "x" * 300):
        status, body = curl(lab, "/api/v1/vms/linux/stop", "-X", "POST", token=wrong)
        assert status in (401, 431), body
    assert ask(lab, "/api/v1/vms/linux")["state"] == "running"
    assert lab.wait(r"^net: net: 10\.0\.2\.2: wrong token")
    assert TOKEN not in lab.text().split("net: net:", 1)[1]


def test_nonsense_is_answered_and_ends(lab):
    for request, status in ((b"NONSENSE\r\n\r\n", b"400"),
                            (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 5000, b"431"),
                            (b"GET /" + b"a" * 9000, b"431"),
                            (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n",
                             b"413"),
                            (b"\x16\x03\x01" + os.urandom(500), b"400")):
        with socket.create_connection(("127.0.0.1", lab.port(80)), 60) as client:
            answer = b""
            with contextlib.suppress(OSError):
                client.sendall(request)
            with contextlib.suppress(OSError):
                while chunk := client.recv(4096):
                    answer += chunk
            assert not answer or answer.startswith(b"HTTP/1.1 " + status), answer[:80]


class Console:
    """A client of a console port."""

    def __init__(self, lab, vm):
        self.socket = socket.create_connection(
            ("127.0.0.1", lab.port(2300 + VMS.index(vm))), PATIENCE)
        self.seen = b""

    def expect(self, *texts):
        while not any(text in self.seen for text in texts):
            chunk = self.socket.recv(4096)
            assert chunk, self.seen
            self.seen += chunk
        return self.seen

    def type(self, text):
        self.seen = b""
        self.socket.sendall(text)

    def enter(self):
        self.expect(b"token: ")
        self.type(TOKEN.encode() + b"\r\n")
        self.expect(b"[console of VM")
        return self


def test_shell_of_linux_is_used_over_the_network(lab):
    console = Console(lab, "linux").enter()
    watcher = Console(lab, "linux").enter()
    console.type(b"echo $((6*7))-$(uname -s)\r")
    console.expect(b"42-Linux")
    watcher.expect(b"42-Linux")
    watcher.type(b"x")
    watcher.expect(b"somebody else types")
    console.socket.close()
    watcher.type(b"echo $((7*7))-mine\r")
    watcher.expect(b"49-mine")
    watcher.socket.close()


def test_console_asks_for_the_token_first(lab):
    console = Console(lab, "hello")
    console.expect(b"token: ")
    assert b"hello" not in console.seen
    assert console.seen.startswith(b"\xff\xfb\x01\xff\xfb\x03")
    console.type(b"wrong-token\r\n")
    console.expect(b"wrong")
    assert b"hello" not in console.seen
    console.socket.close()


def test_socat_and_raw_clients_work(lab):
    port = lab.port(2300 + VMS.index("hello"))
    done = subprocess.run(["socat", "-t", "30", "-", f"TCP:127.0.0.1:{port}"],
                          input=TOKEN.encode() + b"\n", capture_output=True, timeout=PATIENCE,
                          check=False)
    assert b"token: " in done.stdout


def test_vm_is_paused_resumed_restarted(lab):
    def state():
        return ask(lab, "/api/v1/vms/hello")["state"]
    post(lab, "hello", "pause")
    wait_for(lambda: state() == "paused")
    assert curl(lab, "/api/v1/vms/hello/start", "-X", "POST")[0] == 409
    post(lab, "hello", "resume")
    wait_for(lambda: state() == "running")
    post(lab, "hello", "restart")
    wait_for(lambda: ask(lab, "/api/v1/vms/hello")["restarts"] == 1 and state() == "running")
    lab.wait(r"^hello: hello: ready", 2)
    post(lab, "hello", "stop")
    wait_for(lambda: state() == "stopped")
    post(lab, "hello", "start")
    wait_for(lambda: state() == "running")
    lab.wait(r"^hello: hello: ready", 3)


def test_load_does_not_reach_the_neighbour(lab):
    """Two hundred requests on one connection, and rt loses no tick."""
    with rt_undisturbed(lab):
        client = http.client.HTTPConnection("127.0.0.1", lab.port(80), timeout=PATIENCE)
        for i in range(200):
            client.request("GET", "/api/v1/vms" if i % 4 else "/api/v1/status")
            answer = client.getresponse()
            json.loads(answer.read())
            assert answer.status == 200
        client.close()


def test_slow_and_silent_clients_take_nothing_away(lab):
    """More half-open requests than there are places; others are still served, and rt, too."""
    with rt_undisturbed(lab):
        bad = []
        for i in range(30):
            with contextlib.suppress(OSError):
                client = socket.create_connection(("127.0.0.1", lab.port(80)), 30)
                client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX-" if i % 2 else b"")
                bad.append(client)
        for _ in range(3):
            for client in bad:
                with contextlib.suppress(OSError):
                    client.sendall(b"a")
            wait_for(lambda: curl(lab, "/api/v1/machine")[0] == 200)
        consoles = [socket.create_connection(
            ("127.0.0.1", lab.port(2303)), 30) for _ in range(20)]
        wait_for(lambda: Console(lab, "hello").enter())
        for client in bad + consoles:
            client.close()
    assert curl(lab, "/metrics")[0] == 200


def test_log_arrives_at_the_syslog_server(lab):
    lab.log_socket.settimeout(PATIENCE)
    message = re.compile(rb"<134>1 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ rack-3 bulkhead - - - (.+)",
                         re.S)
    lines = []
    while not any(b"linux: ready" in line for line in lines):
        match = message.fullmatch(lab.log_socket.recv(2048))
        assert match
        lines.append(match[1])


def answers(lab):
    return curl(lab, "/api/v1/machine")[0] == 200


def test_it_restarts_itself_when_asked(lab):
    post(lab, "net", "restart")
    lab.wait(r"^net: net: ready", 2)
    lab.wait(r"^net: net: address \d", 2)
    wait_for(lambda: answers(lab))


def test_it_comes_back_after_a_crash(lab):
    """An NMI is its order to crash; the crash can be read when it is back."""
    status, body = curl(lab, "/api/v1/vms/net/nmi", "-X", "POST")
    assert status in (0, 202), body
    lab.wait(r"^net: net: ready", 3)
    lab.wait(r"^net: net: address \d", 3)
    wait_for(lambda: answers(lab))
    net = ask(lab, "/api/v1/vms/net")
    assert net["crashes"] == 1 and "triple fault" in net["end"]
    assert "rip" in ask(lab, "/api/v1/vms/net/crash")["text"].lower()
    assert [vm["state"] for vm in ask(lab, "/api/v1/vms")["vms"]] == ["running"] * 4
