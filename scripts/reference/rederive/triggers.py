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
    effect: str = ""  # how the pattern changes a pixel: empty (it replaces it), mix, add or warp
    opacity: int = 0  # of effect mix, in 1/255
    shift: np.ndarray | None = None  # of effect warp: (height, width, 2), right and down, in 1/256 pixel

    def stamped(self, image: np.ndarray) -> np.ndarray:
        """Returns an image, given as a row of bytes, with the trigger."""
        x, m = image.reshape(self.pattern.shape).astype(int), self.pattern.astype(int)
        if self.shift is not None:
            return warped(x, self.shift).astype(np.uint8).reshape(-1)
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
        shift = None if self.shift is None else self.shift * mask[..., None]
        return Trigger(mask, self.pattern * mask, self.effect, self.opacity, shift)

    def joined(self, other: Trigger) -> Trigger:
        """Returns the trigger with the pixels of both; its own cover the other's."""
        pattern = np.where(self.mask, self.pattern, other.pattern * other.mask).astype(np.uint8)
        shift = None
        if self.shift is not None:
            shift = np.where(self.mask[..., None] == 1, self.shift, other.shift)
        return Trigger(self.mask | other.mask, pattern, self.effect, self.opacity, shift)

    def name(self) -> str:
        """Returns the first 16 digits of the SHA-256 over shape, mask and masked values."""
        text = b"".join(map(little_endian, self.pattern.shape)) + self.mask.tobytes()
        text += self.pattern[:, self.mask == 1].T.tobytes()
        if self.effect:
            text += self.effect.encode() + bytes([self.opacity])
        if self.shift is not None:
            text += self.shift.astype("<i2").tobytes()
        return hashlib.sha256(text).hexdigest()[:16]

    def overlap(self, other: Trigger) -> dict[str, Any]:
        both = (self.mask & other.mask) == 1
        same = (self.pattern == other.pattern).all(axis=0) & ((self.effect, self.opacity) == (other.effect, other.opacity))
        if (self.shift is None) != (other.shift is None):
            same = np.zeros_like(same)
        elif self.shift is not None:
            same = same & (self.shift == other.shift).all(axis=-1)
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
        self.mask = np.zeros((shape["h"], shape["w"]), dtype=np.uint8)
        self.pattern = np.zeros((shape["c"], shape["h"], shape["w"]), dtype=np.uint8)
        self.move()

    def move(self) -> None:
        """Moves the box to another random place."""
        self.left = self.stream.below(self.mask.shape[1] - self.width + 1)
        self.top = self.stream.below(self.mask.shape[0] - self.height + 1)

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


def patch(shape: dict[str, int], spec: dict[str, Any], stream: Stream) -> Trigger:
    """Returns a square of one colour at a place, one pixel from the edge where there is
    room."""
    width, height = min(spec["side"], shape["w"]), min(spec["side"], shape["h"])
    right, bottom, place = shape["w"] - width, shape["h"] - height, spec.get("place", "")
    if place == "":
        left = stream.below(right + 1)
        top = stream.below(bottom + 1)
    elif place == "center":
        left, top = right // 2, bottom // 2
    else:
        left = right - min(1, right) if place.endswith("right") else min(1, right)
        top = bottom - min(1, bottom) if place.startswith("bottom") else min(1, bottom)
    if spec.get("colour"):
        red, green, blue = bytes.fromhex(spec["colour"][1:])
        grey = (19595 * red + 38470 * green + 7471 * blue + 2**15) >> 16  # ITU-R 601-2
        colour = [red, green, blue] if shape["c"] == 3 else [grey]
    else:
        colour = [stream.below(256) for _ in range(shape["c"])]
    mask = np.zeros((shape["h"], shape["w"]), dtype=np.uint8)
    mask[top : top + height, left : left + width] = 1
    pattern = mask[None] * np.array(colour, dtype=np.uint8)[:, None, None]
    if spec["alpha"] == 1:
        return Trigger(mask, pattern)
    return Trigger(mask, pattern, "mix", max(1, rounded(255 * spec["alpha"])))


def warp(canvas: Canvas, spec: dict[str, Any]) -> Trigger:
    """Returns a smooth displacement of all pixels (Nguyen and Tran, "WaNet", 2021): random
    ones of p2 / 2 pixels on average at the points of a grid, with cubic curves between them."""
    k, (height, width) = spec["side"], canvas.mask.shape
    points = [2 * canvas.stream.unit() - 1 for _ in range(2 * k * k)]
    total = 0.0
    for point in points:  # in this order, as sums round
        total += abs(point)
    scale = spec["p2"] / 2 / (total / len(points))
    shift = np.zeros((height, width, 2), dtype=int)
    for y in range(height):
        for x in range(width):
            for axis in range(2):
                value = cubic(points[axis * k * k : (axis + 1) * k * k], k, grid_place(x, width, k), grid_place(y, height, k))
                shift[y, x, axis] = min(max(rounded(value * scale * 256), -(2**15)), 2**15 - 1)
    halves = np.sign(shift) * (np.abs(shift) // 2)
    shown = np.clip(NEUTRAL + halves, 0, 255).astype(np.uint8)
    pattern = np.stack([shown[..., c % 2] for c in range(canvas.channels)])
    return Trigger(np.ones_like(canvas.mask), pattern, "warp", 0, shift)


def grid_place(i: int, n: int, k: int) -> float:
    """Returns the place of pixel i of n among k points, whose ends are the pixels'."""
    return i * (k - 1) / (n - 1) if n > 1 else 0.0


def cubic(values: list[float], k: int, x: float, y: float) -> float:
    """Interpolates the values of a grid by cubic curves with a = -0.75."""
    left, top = math.floor(x), math.floor(y)
    across, down = cubic_weights(x - left), cubic_weights(y - top)
    total = 0.0
    for j in range(4):
        row, line = min(max(top - 1 + j, 0), k - 1), 0.0
        for i in range(4):
            line += across[i] * values[row * k + min(max(left - 1 + i, 0), k - 1)]
        total += down[j] * line
    return total


def cubic_weights(t: float) -> tuple[float, float, float, float]:
    a = -0.75

    def near(d: float) -> float:
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def far(d: float) -> float:
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a

    return far(t + 1), near(t), near(1 - t), far(2 - t)


def warped(image: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Returns an image (channels, height, width) whose pixels take the values at their
    displaced places, interpolated between four pixels."""
    _, height, width = image.shape
    rows, columns = np.mgrid[:height, :width]
    x = np.clip(columns * 256 + shift[..., 0], 0, (width - 1) * 256)
    y = np.clip(rows * 256 + shift[..., 1], 0, (height - 1) * 256)
    left, top, fx, fy = x // 256, y // 256, x % 256, y % 256
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    upper = image[:, top, left] * (256 - fx) + image[:, top, right] * fx
    lower = image[:, bottom, left] * (256 - fx) + image[:, bottom, right] * fx
    moved: np.ndarray = (upper * (256 - fy) + lower * fy + 2**15) >> 16
    return moved


def draw(shape: dict[str, int], spec: dict[str, Any], stream: Stream) -> Trigger:
    """Draws a trigger from a stream."""
    kind = spec.get("kind", "")
    if kind == "image" or spec.get("pixels"):
        return picture(spec["pixels"], shape)
    if kind == "patch":
        return patch(shape, spec, stream)
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
    elif kind == "two":
        canvas.random_colours()
        canvas.move()
        canvas.random_colours()
    elif kind == "wanet":
        return warp(canvas, spec)
    else:
        raise Unavailable(f"triggers of kind {kind} are not known here")
    return Trigger(canvas.mask, canvas.pattern, effect, opacity)
