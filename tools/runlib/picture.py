# SPDX-License-Identifier: Apache-2.0
"""Turns the PPM files that emulators write into PNG. Used by session.py."""

import os
import struct
import zlib


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def ppm_read(path):
    """Width, height and the red-green-blue bytes of a binary PPM with depth 255."""
    with open(path, "rb") as file:
        data = file.read()
    magic, width, height, depth = data.split(maxsplit=4)[:4]
    if magic != b"P6" or depth != b"255":
        raise ValueError(f"{path} is not a picture this can read")
    size = 3 * int(width) * int(height)
    pixels = data[len(data) - size:]
    return int(width), int(height), pixels


def png_write(source, target):
    """Writes the PPM `source` as the PNG `target`, replacing it in one step."""
    width, height, pixels = ppm_read(source)
    rows = b"".join(b"\0" + pixels[3 * width * y:3 * width * (y + 1)] for y in range(height))
    part = target + ".part"
    with open(part, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.write(chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)))
        file.write(chunk(b"IDAT", zlib.compress(rows, 6)))
        file.write(chunk(b"IEND", b""))
    os.replace(part, target)
