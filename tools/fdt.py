# SPDX-License-Identifier: Apache-2.0
"""Reads a flattened device tree (Devicetree Specification, "Flattened Devicetree
(DTB) Format"). Used by the tools that look into a compiled configuration; the
loader has its own reader."""

import struct

MAGIC = 0xD00DFEED
BEGIN_NODE, END_NODE, PROPERTY, NOP, END = 1, 2, 3, 4, 9


class FdtError(ValueError):
    """The blob is not a device tree."""


def word(blob, offset):
    if offset < 0 or offset + 4 > len(blob):
        raise FdtError("the device tree ends too early")
    return struct.unpack_from(">I", blob, offset)[0]


def text(blob, offset):
    end = blob.find(b"\0", offset)
    if end < 0:
        raise FdtError("the device tree ends too early")
    return blob[offset:end].decode("utf-8", "replace")


def strings(value):
    """A property's value as the list of strings it holds."""
    return value.decode("utf-8", "replace").rstrip("\0").split("\0")


def fdt_nodes(blob):
    """Every node as (path, {property name: value}), in the order they are written."""
    if len(blob) < 40 or word(blob, 0) != MAGIC:
        raise FdtError("not a device tree: no magic number at its start")
    at, names = word(blob, 8), word(blob, 12)
    nodes, stack = [], []
    while True:
        token = word(blob, at)
        at += 4
        if token == BEGIN_NODE:
            name = text(blob, at)
            at += (len(name.encode()) + 4) & ~3
            parent = stack[-1][0].rstrip("/") if stack else ""
            stack.append((parent + "/" + name, {}))
            nodes.append(stack[-1])
        elif token == END_NODE and stack:
            stack.pop()
        elif token == PROPERTY and stack:
            size, name = word(blob, at), text(blob, names + word(blob, at + 4))
            stack[-1][1][name] = blob[at + 8:at + 8 + size]
            at += 8 + ((size + 3) & ~3)
        elif token == END and not stack:
            return nodes
        elif token != NOP:
            raise FdtError(f"not a device tree: unexpected token {token} at {at - 4}")
