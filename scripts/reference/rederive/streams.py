"""Named random streams: a ChaCha8 generator whose key is the SHA-256 of a seed, a
purpose and indices.

The generator is chacha8rand (https://c2sp.org/chacha8rand), and the draws are those of
Go's math/rand/v2.
"""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")

DOMAIN = b"backfire stream v1"
CONSTANTS = np.array([0x61707865, 0x3320646E, 0x79622D32, 0x6B206574], dtype=np.uint32)
BLOCKS = 16  # of a key, 64 bytes each
KEY_BYTES = 32  # of the next key, the end of the blocks


def little_endian(number: int) -> bytes:
    return number.to_bytes(8, "little")


def rotated(words: np.ndarray, bits: int) -> np.ndarray:
    return (words << np.uint32(bits)) | (words >> np.uint32(32 - bits))


def quarter_rounds(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, ...]:
    """Applies four quarter rounds to all blocks, one for each column."""
    a = a + b
    d = rotated(d ^ a, 16)
    c = c + d
    b = rotated(b ^ c, 12)
    a = a + b
    d = rotated(d ^ a, 8)
    c = c + d
    b = rotated(b ^ c, 7)
    return a, b, c, d


def turned(rows: tuple[np.ndarray, ...], sign: int) -> tuple[np.ndarray, ...]:
    """Moves the diagonals of the state to its columns (sign -1) or back (1)."""
    return tuple(np.roll(row, sign * i, axis=0) for i, row in enumerate(rows))


def block_group(key: bytes) -> tuple[list[int], bytes]:
    """Returns the 124 numbers of a key and the key that follows."""
    words = np.frombuffer(key, dtype="<u4").astype(np.uint32)
    column = np.ones((1, BLOCKS), dtype=np.uint32)
    counter = np.zeros((4, BLOCKS), dtype=np.uint32)
    counter[0] = np.arange(BLOCKS)
    seed = words[:4, None] * column, words[4:, None] * column
    rows: tuple[np.ndarray, ...] = (CONSTANTS[:, None] * column, seed[0], seed[1], counter)
    for _ in range(4):
        rows = quarter_rounds(*rows)
        rows = turned(quarter_rounds(*turned(rows, -1)), 1)
    state = np.concatenate((rows[0], rows[1] + seed[0], rows[2] + seed[1], rows[3]))
    # The words of four blocks are interleaved: the first of each, the second of each, ...
    data = state.reshape(16, BLOCKS // 4, 4).transpose(1, 0, 2).astype("<u4").tobytes()
    return np.frombuffer(data[:-KEY_BYTES], dtype="<u8").tolist(), data[-KEY_BYTES:]


class Stream:
    """The generator of one random decision."""

    def __init__(self, seed: int, purpose: str, *index: int) -> None:
        name = purpose.encode()
        text = DOMAIN + little_endian(seed) + little_endian(len(name)) + name + little_endian(len(index))
        self._key = hashlib.sha256(text + b"".join(map(little_endian, index))).digest()
        self._numbers: list[int] = []
        self._next = 0

    def uint64(self) -> int:
        if self._next == len(self._numbers):
            self._numbers, self._key = block_group(self._key)
            self._next = 0
        self._next += 1
        return self._numbers[self._next - 1]

    def below(self, n: int) -> int:
        """Draws uniformly from 0 to n-1 (Lemire, "Fast Random Integer Generation in an
        Interval", 2019; a power of two takes the low bits)."""
        if n & (n - 1) == 0:
            return self.uint64() & (n - 1)
        while True:
            product = self.uint64() * n
            if product % 2**64 >= 2**64 % n:
                return product >> 64

    def unit(self) -> float:
        """Draws uniformly from [0, 1)."""
        return (self.uint64() % 2**53) / 2**53

    def shuffle(self, items: list[Item]) -> None:
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]

    def permutation(self, n: int) -> list[int]:
        items = list(range(n))
        self.shuffle(items)
        return items

    def normal(self) -> float:
        """Draws a standard normal number by a ziggurat of 128 strips (Marsaglia and
        Tsang, "The Ziggurat Method for Generating Random Variables", 2000)."""
        edges, widths, heights = ziggurat()
        while True:
            number = self.uint64()
            j = (number + 2**31) % 2**32 - 2**31
            strip = number >> 32 & 0x7F
            x = j * widths[strip]
            if abs(j) < edges[strip]:
                return x
            if strip == 0:
                return math.copysign(self._tail(), j if j > 0 else -1)
            height = np.float32(heights[strip]) + np.float32(self.unit()) * np.float32(heights[strip - 1] - heights[strip])
            if height < np.float32(math.exp(-0.5 * x * x)):
                return x

    def _tail(self) -> float:
        while True:
            x = -math.log(self.unit()) * (1 / TAIL)
            y = -math.log(self.unit())
            if y + y >= x * x:
                return TAIL + x


TAIL = 3.442619855899  # where the lowest strip of the ziggurat ends
STRIP = 9.91256303526217e-3  # area of a strip


@lru_cache
def ziggurat() -> tuple[list[int], list[float], list[np.float32]]:
    """Returns the edges, widths and heights of the strips."""
    scale = 2.0**31
    edges, widths, heights = [0] * 128, [0.0] * 128, [np.float32(1)] * 128
    edge = previous = TAIL
    base = STRIP / math.exp(-0.5 * edge * edge)
    edges[0] = int(edge / base * scale)
    widths[0], widths[127] = float(np.float32(base / scale)), float(np.float32(edge / scale))
    heights[127] = np.float32(math.exp(-0.5 * edge * edge))
    for i in range(126, 0, -1):
        edge = math.sqrt(-2 * math.log(STRIP / edge + math.exp(-0.5 * edge * edge)))
        edges[i + 1] = int(edge / previous * scale)
        previous = edge
        heights[i] = np.float32(math.exp(-0.5 * edge * edge))
        widths[i] = float(np.float32(edge / scale))
    return edges, widths, heights
