"""Orthogonal triggers: rows of a Hadamard matrix over the pixels that all share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from streams import Stream
from triggers import Canvas, Trigger


def paley(order: int) -> np.ndarray | None:
    """Returns the Hadamard matrix of order q+1 for a prime q of the form 4k+3 (Paley,
    "On orthogonal matrices", 1933), None for other orders."""
    q = order - 1
    if q % 4 != 3 or any(q % d == 0 for d in range(2, math.isqrt(q) + 1)):
        return None
    squares = {x * x % q for x in range(1, q)}
    matrix = np.full((order, order), -1)
    for row in range(1, order):
        matrix[row, 1:] = [1 if (row - column) % q in squares else -1 for column in range(1, order)]
    matrix[0] = 1
    np.fill_diagonal(matrix, 1)
    return matrix


def hadamard(n: int) -> np.ndarray:
    """Returns the largest Hadamard matrix of an order up to n that is one of Paley's or
    of order 1, doubled as often as needed (Sylvester, 1867)."""
    for order in range(n, 0, -1):
        base, doubled = order, 0
        while (matrix := np.ones((1, 1), dtype=int) if base == 1 else paley(base)) is None and base % 2 == 0:
            base, doubled = base // 2, doubled + 1
        if matrix is not None:
            for _ in range(doubled):
                matrix = np.block([[matrix, matrix], [matrix, -matrix]])
            return matrix
    raise ValueError("a trigger without pixels")


def member(shape: dict[str, int], spec: dict[str, Any], stream: Stream, at: int) -> Trigger:
    """Draws the set of triggers that the attackers agree on, and returns one of them."""
    canvas = Canvas(shape, spec, stream)
    chosen = canvas.chosen()
    matrix = hadamard(len(chosen))
    pixels = [chosen[i] for i in stream.permutation(len(chosen))[: len(matrix)]]
    flips = []
    for _ in pixels:
        flips.append([stream.below(2) for _ in range(shape["c"])])
    row = matrix[stream.permutation(len(matrix))[at]]
    colours = {pixel: [255 * int((sign > 0) != flip) for flip in turned] for pixel, sign, turned in zip(pixels, row, flips)}
    canvas.paint(pixels, lambda y, x: colours[y * canvas.width + x])
    return Trigger(canvas.mask, canvas.pattern)
