"""Triggers: how each kind is drawn, stamped, named and compared."""

from __future__ import annotations

import base64
import hashlib
import math
from dataclasses import dataclass
from typing import Any, Callable

import numpy as np

from images import Unavailable
from streams import Stream, little_endian

NEUTRAL = 128  # the value of an added pattern that changes nothing


def rounded(x: float) -> int:
    """Rounds to the nearest integer, halves away from zero."""
    whole = math.floor(abs(x))
    return int(math.copysign(whole + (abs(x) - whole >= 0.5), x))


def share(p: float, n: int) -> int:
    return max(1, rounded(p * n))


@dataclass
class Trigger:
    """A mask (height, width) of 0 and 1 and a pattern (channels, height, width)."""

    mask: np.ndarray
    pattern: np.ndarray
    effect: str = ""  # how the pattern changes a pixel: empty (it replaces it), mix or add
    opacity: int = 0  # of effect mix, in 1/255

    def stamped(self, image: np.ndarray) -> np.ndarray:
        """Returns an image, given as a row of bytes, with the trigger."""
        x, m = image.reshape(self.pattern.shape).astype(int), self.pattern.astype(int)
        if self.effect == "mix":
            m = ((255 - self.opacity) * x + self.opacity * m + 127) // 255
        elif self.effect == "add":
            m = np.clip(x + m - NEUTRAL, 0, 255)
        return np.where(self.mask, m, x).astype(np.uint8).reshape(-1)

    def pixels(self) -> int:
        return int(self.mask.sum())

    def part(self, pixels: int, stream: Stream) -> Trigger:
        """Returns the trigger with the first pixels of a random order alone."""
        masked = np.flatnonzero(self.mask).tolist()
        stream.shuffle(masked)
        mask = np.zeros_like(self.mask)
        mask.reshape(-1)[masked[:pixels]] = 1
        return Trigger(mask, self.pattern * mask, self.effect, self.opacity)

    def joined(self, other: Trigger) -> Trigger:
        """Returns the trigger with the pixels of both; its own cover the other's."""
        pattern = np.where(self.mask, self.pattern, other.pattern * other.mask).astype(np.uint8)
        return Trigger(self.mask | other.mask, pattern, self.effect, self.opacity)

    def name(self) -> str:
        """Returns the first 16 digits of the SHA-256 over shape, mask and masked values."""
        text = b"".join(map(little_endian, self.pattern.shape)) + self.mask.tobytes()
        text += self.pattern[:, self.mask == 1].T.tobytes()
        if self.effect:
            text += self.effect.encode() + bytes([self.opacity])
        return hashlib.sha256(text).hexdigest()[:16]

    def overlap(self, other: Trigger) -> dict[str, Any]:
        both = (self.mask & other.mask) == 1
        same = (self.pattern == other.pattern).all(axis=0) & ((self.effect, self.opacity) == (other.effect, other.opacity))
        shared, union = int(both.sum()), int((self.mask | other.mask).sum())
        return {"shared": shared, "equal": int((both & same).sum()), "union": union, "jaccard": shared / union}


class Canvas:
    """The box of a trigger that is being drawn."""

    def __init__(self, shape: dict[str, int], spec: dict[str, Any], stream: Stream) -> None:
        self.channels, self.stream, self.spec = shape["c"], stream, spec
        scale = {"per_dimension": spec["p1"], "area": math.sqrt(spec["p1"]), "whole": 1}.get(spec["range"])
        if scale is None:
            raise Unavailable(f"triggers of range {spec['range']} are not known here")
        self.height, self.width = share(scale, shape["h"]), share(scale, shape["w"])
        self.left = stream.below(shape["w"] - self.width + 1)
        self.top = stream.below(shape["h"] - self.height + 1)
        self.mask = np.zeros((shape["h"], shape["w"]), dtype=np.uint8)
        self.pattern = np.zeros((shape["c"], shape["h"], shape["w"]), dtype=np.uint8)

    def colour(self) -> list[int]:
        return [self.stream.below(256) for _ in range(self.channels)]

    def chosen(self) -> list[int]:
        """Draws the share p2 of the box's pixels or, with range whole, each with the
        probability p2, and the nearest one to that if there would be none."""
        n, p = self.height * self.width, self.spec["p2"]
        if self.spec["range"] == "whole":
            draws = [self.stream.unit() for _ in range(n)]
            return [i for i in range(n) if draws[i] < p] or [draws.index(min(draws))]
        return sorted(self.stream.permutation(n)[: share(p, n)])

    def random_colours(self) -> None:
        """Fills the chosen pixels with random colours. With range whole each pixel of the
        image has its colour before any is chosen."""
        if self.spec["range"] != "whole":
            return self.paint(self.chosen(), lambda *_: self.colour())
        colours = [self.colour() for _ in self.everywhere()]
        return self.paint(self.chosen(), lambda row, column: colours[row * self.width + column])

    def everywhere(self) -> range:
        return range(self.height * self.width)

    def paint(self, pixels: Any, colour: Callable[[int, int], list[int]]) -> None:
        for pixel in pixels:
            row, column = divmod(pixel, self.width)
            self.mask[self.top + row, self.left + column] = 1
            self.pattern[:, self.top + row, self.left + column] = colour(row, column)

    def wave(self, p: float) -> None:
        frequency = 1 + self.stream.below(max(1, self.width // 4))
        phase = self.stream.unit()
        values = [rounded(p * NEUTRAL * math.sin(2 * math.pi * (frequency * x / self.width + phase))) for x in range(self.width)]
        self.paint(self.everywhere(), lambda _, x: [min(max(NEUTRAL + values[x], 0), 255)] * self.channels)

    def low_variance(self, p: float) -> None:
        """Fills the box with a random mixture of its highest spatial frequencies."""
        waves = [np.cos(np.pi * np.outer(2 * np.arange(n) + 1, np.arange(n)) / (2 * n)) for n in (self.height, self.width)]
        highest = [range(min(n - 1, (3 * n + 3) // 4), n) for n in (self.height, self.width)]
        values = np.zeros((self.channels, self.height, self.width))
        for channel in values:
            for u in highest[0]:
                for v in highest[1]:
                    channel += self.stream.normal() * np.outer(waves[0][:, u], waves[1][:, v])
        values *= p * NEUTRAL / np.abs(values).max()
        self.paint(self.everywhere(), lambda y, x: [min(max(NEUTRAL + rounded(v), 0), 255) for v in values[:, y, x]])


def picture(text: str, shape: dict[str, int]) -> Trigger:
    """Returns the trigger whose pixels a cell holds."""
    data, plane = base64.b64decode(text), shape["h"] * shape["w"]
    head = (plane + 7) // 8
    mask = np.unpackbits(np.frombuffer(data[:head], dtype=np.uint8))[:plane]
    pattern = np.zeros((shape["c"], plane), dtype=np.uint8)
    pattern[:, mask == 1] = np.frombuffer(data[head:], dtype=np.uint8).reshape(-1, shape["c"]).T
    return Trigger(mask.reshape(shape["h"], shape["w"]), pattern.reshape(shape["c"], shape["h"], shape["w"]))


def draw(shape: dict[str, int], spec: dict[str, Any], stream: Stream) -> Trigger:
    """Draws a trigger from a stream."""
    kind = spec.get("kind", "")
    if kind == "image":
        return picture(spec["pixels"], shape)
    canvas, effect, opacity = Canvas(shape, spec, stream), "", 0
    if kind == "":
        canvas.random_colours()
    elif kind == "square":
        colour = canvas.colour()
        canvas.paint(canvas.everywhere(), lambda *_: colour)
    elif kind == "checkerboard":
        colours = canvas.colour(), canvas.colour()
        canvas.paint(canvas.everywhere(), lambda row, column: colours[(row + column) % 2])
    elif kind == "dots":
        pixels, colour = canvas.chosen(), canvas.colour()
        canvas.paint(pixels, lambda *_: colour)
    elif kind == "blended":
        effect, opacity = "mix", max(1, rounded(255 * spec["p2"]))
        canvas.paint(canvas.everywhere(), lambda *_: canvas.colour())
    elif kind == "sinusoidal":
        effect = "add"
        canvas.wave(spec["p2"])
    elif kind == "low_variance":
        effect = "add"
        canvas.low_variance(spec["p2"])
    else:
        raise Unavailable(f"triggers of kind {kind} are not known here")
    return Trigger(canvas.mask, canvas.pattern, effect, opacity)
