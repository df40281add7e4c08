"""PNG files with 8 bits per channel, without interlacing."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # by colour type
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def paeth(left: int, above: int, corner: int) -> int:
    estimate = left + above - corner
    return min((left, above, corner), key=lambda value: abs(estimate - value))


def read_png(path: Path) -> np.ndarray:
    """Returns the pixels as (height, width, channels) bytes."""
    data = path.read_bytes()
    if not data.startswith(SIGNATURE):
        raise ValueError(f"{path} is no PNG file")
    at, header, packed = len(SIGNATURE), b"", b""
    while at < len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        content = data[at + 8 : at + 8 + size]
        header, packed = (content, packed) if kind == b"IHDR" else (header, packed + content * (kind == b"IDAT"))
        at += 12 + size
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    if header[8] != 8 or header[9] not in CHANNELS or header[12] != 0:
        raise ValueError(f"{path} has a form of PNG that is not read here")
    channels = CHANNELS[header[9]]
    return unfiltered(zlib.decompress(packed), height, width * channels, channels).reshape(height, width, channels)


def unfiltered(data: bytes, height: int, size: int, step: int) -> np.ndarray:
    """Undoes the filter of each line of size bytes (PNG specification, section 9)."""
    lines, above = [], bytearray(size)
    for start in range(0, height * (size + 1), size + 1):
        kind, line = data[start], bytearray(data[start + 1 : start + 1 + size])
        for i in range(size if kind else 0):
            left = line[i - step] if i >= step else 0
            corner = above[i - step] if i >= step else 0
            guess = (0, left, above[i], (left + above[i]) // 2, paeth(left, above[i], corner))[kind]
            line[i] = (line[i] + guess) % 256
        lines.append(line)
        above = line
    return np.frombuffer(b"".join(lines), dtype=np.uint8)
