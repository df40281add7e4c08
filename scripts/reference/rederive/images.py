"""Datasets, read from their published files."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from streams import little_endian

EMBEDDED = Path(__file__).resolve().parents[3] / "datasets" / "embedded"
CIFAR_BATCHES = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]


class Unavailable(Exception):
    """Reports what keeps a result from being checked."""


@dataclass
class Dataset:
    """Images of one size: N rows of channels*height*width bytes, channel by channel."""

    images: np.ndarray
    labels: np.ndarray
    classes: int


def read_bytes(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def read_idx(path: Path) -> np.ndarray:
    data = read_bytes(path)
    sizes = np.frombuffer(data, dtype=">u4", count=data[3], offset=4).tolist()
    return np.frombuffer(data, dtype=np.uint8, offset=4 + 4 * data[3]).reshape(sizes)


def idx_split(directory: Path, name: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns the images and labels of a split of MNIST's form; none if it is missing."""
    found = [sorted(directory.glob(f"{name}-{kind}*")) for kind in ("images", "labels")]
    if not all(found):
        return []
    images, labels = (read_idx(paths[0]) for paths in found)
    return [(images.reshape(len(images), -1), labels)]


def cifar_split(directory: Path, names: list[str]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns the images and labels in those batches of CIFAR-10 that exist."""
    data = b"".join(read_bytes(directory / name) for name in names if (directory / name).exists())
    if not data:
        return []
    records = np.frombuffer(data, dtype=np.uint8).reshape(-1, 1 + 3 * 32 * 32)
    return [(records[:, 1:], records[:, 0])]


def checksum(data: dict[str, Any], images: np.ndarray, labels: np.ndarray) -> str:
    """Returns the SHA-256 over shape, class names, labels and pixels."""
    shape = data["shape"]
    head = b"backfire set v1"
    for size in (len(labels), shape["c"], shape["h"], shape["w"], len(data["classes"])):
        head += little_endian(size)
    for name in data["classes"]:
        head += little_endian(len(name.encode())) + name.encode()
    return hashlib.sha256(head + labels.tobytes() + images.tobytes()).hexdigest()


def load(data: dict[str, Any], directory: Path | None) -> Dataset:
    """Returns the images that a cell describes: its training images, its test images
    or both, whichever have its checksum."""
    if directory is None and data["name"] != "embedded":
        raise Unavailable(f"the images of {data['name']} are needed: name their directory with --data")
    directory = directory or EMBEDDED
    train = idx_split(directory, "train") or cifar_split(directory, CIFAR_BATCHES[:-1])
    test = idx_split(directory, "t10k") or cifar_split(directory, CIFAR_BATCHES[-1:])
    for first, second in product((train, []), (test, [])):
        parts = first + second
        if sum(len(labels) for _, labels in parts) != data["images"]:
            continue
        images = np.concatenate([part[0] for part in parts])
        labels = np.concatenate([part[1] for part in parts])
        if checksum(data, images, labels) == data["checksum"]:
            return Dataset(images, labels, len(data["classes"]))
    raise Unavailable(f"no images in {directory} have the checksum {data['checksum'][:12]} of the cell")
