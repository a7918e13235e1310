# SPDX-License-Identifier: Apache-2.0
"""The command line of tools/run: what can be asked for, its bounds, and the
refusals (exit code 2). Turns it into one namespace that the rest reads."""

import argparse
import os
import re
import socket

from . import bochs, qemu

RIGS = ("bochs", "qemu", "kvm", "auto")
FORWARDS_MAX = 5

EPILOG = """\
exit code: 0  the text of --until appeared, the machine switched itself off, or
              the person at the terminal left;
           1  panic of Bulkhead or the firmware, a fault of the machine, time-out
              (with --until, a panic that ends with a reset of the machine is no end);
           2  usage, or the machine cannot be started;
           128+N  stopped by signal N.
One line on stderr says which of them it was.

With a terminal on both stdin and stdout, and neither --serial nor --socket, the
terminal becomes the machine's serial console: all keys go to the machine,
Ctrl-A x leaves, Ctrl-A Ctrl-A is one Ctrl-A. Without a terminal the console's
text goes to stdout, without escape sequences.

For programs that type: --socket PATH makes a Unix socket that carries the
console both ways. A client may connect late or leave; it is sent everything
since power-on first.
"""


def number(low, high):
    """An argparse type: a whole number within bounds."""

    def parse(text):
        value = int(text, 0)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{value} is not in {low}..{high}")
        return value

    parse.__name__ = "number"
    return parse


def pattern(text):
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"not a regular expression: {error}")


def forward(text):
    """HOSTPORT:PORT, HOSTPORT 0 for any that is free."""
    match = re.fullmatch(r"(\d+):(\d+)", text)
    if not match:
        raise argparse.ArgumentTypeError("must be HOSTPORT:PORT")
    host, guest = int(match[1]), int(match[2])
    if host > 65535 or not 0 < guest <= 65535:
        raise argparse.ArgumentTypeError("a port is not in 1..65535")
    return host, guest


def parser_make():
    parser = argparse.ArgumentParser(
        prog="tools/run", description=__doc__, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    parser.description = "Boots IMAGE in a test machine and watches its serial port."
    add("image", metavar="IMAGE", help="disk image; changes to it are dropped when the run ends")
    add("--rig", choices=RIGS, default="bochs",
        help="bochs: VT-x or AMD-V emulated; qemu: TCG, AMD-V only; kvm: needs nested VT-x; "
             "auto: kvm where it works, else bochs (default: bochs)")
    add("--cpus", type=number(1, 255), default=4, metavar="N", help="processors (default: 4)")
    add("--memory", type=number(64, 1 << 20), default=1024, metavar="MIB", help="default: 1024")
    add("--model", metavar="NAME",
        help=f"processor (default: {bochs.MODEL} under bochs, {qemu.MODEL} under qemu)")
    add("--exact", action="store_true",
        help="processors advance in step, so that tick counts compare (bochs; slower)")
    add("--serial", metavar="FILE", help="the console's bytes go there and not to stdout")
    add("--socket", metavar="PATH", help="Unix socket that carries the console both ways")
    add("--timeout", type=float, metavar="S", help="end after S seconds with exit code 1")
    add("--until", type=pattern, metavar="REGEX", help="end when a line of the console matches")
    add("--until-count", type=int, default=1, metavar="N",
        help="that many lines must match (default: 1)")
    add("--when", type=pattern, metavar="REGEX",
        help="with --press: when a line of the console matches, once")
    add("--press", metavar="KEYS", help="keys for the machine's console, as if typed")
    add("--forward", type=forward, action="append", default=[], metavar="HOSTPORT:PORT",
        help="TCP port of this host to 10.0.2.15:PORT of the machine; HOSTPORT 0 picks one")
    add("--nic", action="store_true", help="an 82540EM network card (implied by --forward)")
    add("--time0", metavar="TIME", default="utc",
        help="the machine's clock at power-on: seconds since 1970, utc or local; "
             "a number makes runs under bochs repeat byte for byte (default: utc)")
    add("--clock", choices=("none", "slowdown", "realtime"), default="none",
        help="how bochs ties the machine's time to ours (default: none)")
    add("--keep-disk", action="store_true", help="write the machine's changes to IMAGE")
    add("--screen", action="store_true",
        help="a framebuffer of 1280x800 (implied by --screenshot; boots half a second later)")
    add("--screenshot", metavar="FILE", help="the screen at the end, as PNG")
    add("--bochs-exits", metavar="FILE", help="VM exits counted by bochs: lines 'cpu reason count'")
    add("--bochs-trace", metavar="FILE",
        help="each VM exit: lines 'tick cpu reason qualification rip' (numbers after reason hex)")
    add("--bochs-log", metavar="FILE", help="bochs's log with its errors: which check failed")
    add("--gdb", type=number(1, 65535), metavar="PORT",
        help="wait at power-on for a debugger on that TCP port (bochs: --cpus 1 only)")
    return parser


def port_settle(parser, host):
    """The host port to listen on: `host` if it is free, any for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", host))
        except OSError as error:
            parser.error(f"port {host} of this host cannot be forwarded: {error.strerror}")
        return probe.getsockname()[1]


def options_parse(arguments):
    parser = parser_make()
    options = parser.parse_args(arguments)
    if not os.path.isfile(options.image):
        parser.error(f"{options.image}: no such image")
    if not os.access(options.image, os.W_OK if options.keep_disk else os.R_OK):
        parser.error(f"{options.image}: not allowed")
    if not re.fullmatch(r"utc|local|\d+", options.time0):
        parser.error(f"--time0 {options.time0}: must be a number, utc or local")
    if len(options.forward) > FORWARDS_MAX:
        parser.error(f"at most {FORWARDS_MAX} ports can be forwarded")

    if bool(options.when) != bool(options.press):
        parser.error("--when and --press go together")

    if options.rig == "auto":
        options.rig = "bochs" if qemu.kvm_unfit() else "kvm"
    options.rig_class = bochs.Bochs if options.rig == "bochs" else qemu.Qemu
    complaint = options.rig_class.unfit(options)
    if complaint:
        parser.error(complaint)
    options.forward = [(port_settle(parser, host), guest) for host, guest in options.forward]
    options.nic = options.nic or bool(options.forward)
    options.screen = options.screen or bool(options.screenshot)
    return options
