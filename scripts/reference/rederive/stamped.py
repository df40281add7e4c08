"""The images that a program of the user's has stamped, as the store keeps them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from images import Unavailable

MAGIC = b"BFSTAMP1"


@dataclass
class Stamp:
    """The trigger of one image: it makes the image equal to a stamped one."""

    image: np.ndarray

    def stamped(self, image: np.ndarray) -> np.ndarray:
        """Returns the stamped image."""
        assert len(image) == len(self.image)
        return self.image


def read_stamped(directory: Path, name: str) -> dict[int, Stamp]:
    """Reads the file of stamped images with a SHA-256: each image's, by its index in the dataset."""
    path = directory / f"{name}.stamped"
    if not path.exists():
        raise Unavailable(f"{path} is missing")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != name or not data.startswith(MAGIC):
        raise Unavailable(f"{path} is damaged")
    count, size = np.frombuffer(data, dtype="<u4", count=2, offset=len(MAGIC)).tolist()
    head = len(MAGIC) + 8
    sources = np.frombuffer(data, dtype="<u4", count=count, offset=head).tolist()
    images = np.frombuffer(data, dtype=np.uint8, offset=head + 4 * count).reshape(count, size)
    return {source: Stamp(image) for source, image in zip(sources, images)}
