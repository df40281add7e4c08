"""The side of a program of your own that makes an attacker's trigger.

    from backfire import TriggerJob

    job = TriggerJob.read()
    ...
    job.pattern(mask, pattern)  # or job.stamped(images), with a trigger of its own on each image

docs/python.md describes the files behind it, for other languages.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backfire.job import read_job

FORMAT = 1


@dataclass(frozen=True)
class TriggerJob:
    """What a program is asked for one attacker: a mask and a pattern, or stamped images.

    seed is that of every random choice; each attacker has another one. shape is (height, width, channels). attacker is
    the attacker's ID and target the label that it wants, or None where it wants the next class of each. sample are images of the attacker (uint8, N x H x W x C) with
    their labels; images are all that may carry its trigger, in an order that tells nothing. limit is the time in
    seconds after which the program is ended.
    """

    seed: int
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    attacker: int
    target: int | None
    limit: int
    directory: Path
    version: str
    sample: NDArray[np.uint8]
    labels: NDArray[np.int64]
    images: NDArray[np.uint8]

    @classmethod
    def read(cls, path: str | Path | None = None) -> TriggerJob:
        """Reads the job in a file job.json: that of the program's first argument, unless a path is given."""
        path, content = read_job(path)
        if content["format"] != FORMAT or content["kind"] != "trigger":
            raise ValueError(f"{path} is a job of kind {content['kind']} and format {content['format']}: this reads trigger, {FORMAT}")
        with np.load(path.parent / content["sample"]) as arrays:
            sample, labels = arrays["images"], arrays["labels"]
        with np.load(path.parent / content["stamp"]) as arrays:
            images = arrays["images"]
        return cls(
            seed=content["seed"],
            classes=tuple(content["classes"]),
            shape=tuple(content["shape"]),
            attacker=content["attacker"],
            target=content["target"],
            limit=content["limit"],
            directory=path.parent,
            version=content["version"],
            sample=sample,
            labels=labels,
            images=images,
        )

    def pattern(self, mask: ArrayLike, pattern: ArrayLike) -> None:
        """Answers with a trigger that replaces pixels.

        mask (H x W) is True or 1 where it does, and pattern (H x W x C, from 0 to 255) has their values.
        """
        covered = np.asarray(mask)
        if covered.shape != self.shape[:2]:
            raise ValueError(f"the mask has the shape {covered.shape}: it must be {self.shape[:2]}")
        if not np.isin(covered, (0, 1)).all():
            raise ValueError("the mask must be True or False, or 1 or 0")
        values = self._bytes("the pattern", pattern, self.shape)
        covered.astype(np.uint8).tofile(self.directory / "mask.bin")
        values.tofile(self.directory / "pattern.bin")

    def stamped(self, images: ArrayLike) -> None:
        """Answers with the images of this job, in their order, each with its trigger (N x H x W x C, 0 to 255)."""
        self._bytes("stamped images", images, self.images.shape).tofile(self.directory / "stamped.bin")

    @staticmethod
    def _bytes(name: str, values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """Returns values of a shape as bytes. Raises ValueError for others than whole numbers from 0 to 255."""
        array = np.asarray(values)
        if array.shape != shape:
            raise ValueError(f"{name} have the shape {array.shape}: it must be {shape}")
        if array.dtype == np.uint8:
            same: NDArray[np.uint8] = array
            return same
        if not np.isfinite(array).all():
            raise ValueError(f"{name} have a value that is not finite")
        rounded: NDArray[Any] = np.rint(array)
        if rounded.min() < 0 or rounded.max() > 255:
            raise ValueError(f"{name} must be from 0 to 255, not {rounded.min():g} to {rounded.max():g}")
        whole: NDArray[np.uint8] = rounded.astype(np.uint8)
        return whole
