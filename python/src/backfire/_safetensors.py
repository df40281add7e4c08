"""Reads and writes safetensors files of float32 values, the form of stored models."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def read(path: Path) -> tuple[dict[str, NDArray[np.float32]], dict[str, str]]:
    """Returns the tensors and the metadata of a file."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header: dict[str, Any] = json.loads(file.read(length))
        values = file.read()
    metadata: dict[str, str] = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(values[begin:end], dtype="<f4").astype(np.float32).reshape(entry["shape"])
    return tensors, metadata


def write(path: Path, tensors: dict[str, NDArray[Any]]) -> None:
    """Writes tensors to a file."""
    header: dict[str, Any] = {}
    blocks, offset = [], 0
    for name in sorted(tensors):
        block = np.ascontiguousarray(tensors[name], dtype="<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensors[name].shape), "data_offsets": [offset, offset + len(block)]}
        blocks.append(block)
        offset += len(block)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blocks))
