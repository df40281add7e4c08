"""Datasets, read from their published files."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from pictures import read_png
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
    contributors: list[str] | None = None  # their names in the order of the seats
    contributor: np.ndarray | None = None  # by image, the index of its own


def label_type(classes: int) -> str:
    """Returns NumPy's type of a stored label."""
    return "<u1" if classes <= 256 else "<u2"


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
    stored = labels.astype(label_type(len(data["classes"])))
    return hashlib.sha256(head + stored.tobytes() + images.tobytes()).hexdigest()


def folder(data: dict[str, Any], directory: Path) -> Dataset:
    """Returns the images in class folders, [CONTRIBUTOR/]CLASS/NAME.png, in the order of
    class, file name and contributor."""
    classes = {name: label for label, name in enumerate(data["classes"])}
    files = [path.relative_to(directory).parts for path in directory.rglob("*.png")]
    files = [parts for parts in files if len(parts) in (2, 3) and parts[-2] in classes]
    files.sort(key=lambda parts: (classes[parts[-2]], parts[-1].encode(), "/".join(parts[:-2]).encode()))
    if not files:
        raise Unavailable(f"{directory} holds no images in folders of the cell's classes")
    pixels = [read_png(directory.joinpath(*parts)).transpose(2, 0, 1).reshape(-1) for parts in files]
    labels = np.array([classes[parts[-2]] for parts in files])
    dataset = Dataset(np.stack(pixels), labels, len(classes))
    sum = checksum(data, dataset.images, labels)
    if all(len(parts) == 3 for parts in files):
        names = sorted({parts[0] for parts in files}, key=str.encode)
        dataset.contributors = names
        dataset.contributor = np.array([names.index(parts[0]) for parts in files])
        if sum != data["checksum"]:
            sum = with_contributors(sum, names, dataset.contributor.tolist())
    if sum != data["checksum"]:
        raise Unavailable(f"the images in {directory} have not the checksum {data['checksum'][:12]} of the cell")
    return dataset


def with_contributors(sum: str, names: list[str], of: list[int]) -> str:
    """Returns the checksum of a set with contributors, whose names are printable ASCII."""
    quoted = " ".join('"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in names)
    return hashlib.sha256(f"{sum} contributors [{quoted}] [{' '.join(map(str, of))}]".encode()).hexdigest()


def load(data: dict[str, Any], directory: Path | None) -> Dataset:
    """Returns the images that a cell describes: its training images, its test images
    or both, whichever have its checksum."""
    if directory is None and data["name"] != "embedded":
        raise Unavailable(f"the images of {data['name']} are needed: name their directory with --data")
    directory = directory or EMBEDDED
    if data["name"] == "folder" and any(directory.glob("*/")) and any(directory.rglob("*.png")):
        return folder(data, directory)
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
