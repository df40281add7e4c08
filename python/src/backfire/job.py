"""The side of a program of your own: a defense that takes the place of the model, or a trigger.

    from backfire import Job

    job = Job.read()
    images, labels = job.training.images, job.training.labels
    ...
    job.predict(classes)  # one per image of job.probes

docs/python.md describes the files behind it, for other languages.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import torch

FORMAT = 1


def read_job(path: str | Path | None) -> tuple[Path, dict[str, Any]]:
    """Returns the path and the content of a job, by default that of the program's first argument."""
    if path is None:
        if len(sys.argv) < 2:
            raise ValueError("backfire starts this program with the path of a job as its argument")
        path = sys.argv[1]
    path = Path(path)
    content: dict[str, Any] = json.loads(path.read_text())
    return path, content


@dataclass(frozen=True)
class Training:
    """The training set in an order that tells nothing about the owners.

    images: uint8 (N, H, W, C). labels: int64 (N), as they were contributed. own: bool (N), True for the defender's
    own images, which are clean. owner: int64 (N), the agent's ID and -1 for the defender; None unless the defender
    knows the owners.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    own: NDArray[np.bool_]
    owner: NDArray[np.int64] | None


@dataclass(frozen=True)
class Network:
    """The network and the training that the program takes the place of."""

    architecture: str
    stem: str
    width: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    epochs: int
    batch: int
    lr: float


@dataclass(frozen=True)
class Job:
    """What a defense is asked: to predict the class of each of the probes, having seen the training set.

    seed is that of every random choice. shape is (height, width, channels). limit is the time in seconds after which
    the program is ended. directory is empty apart from the job; it is removed at the end.
    """

    seed: int
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    limit: int
    directory: Path
    version: str
    network: Network
    training: Training
    probes: NDArray[np.uint8]

    @classmethod
    def read(cls, path: str | Path | None = None) -> Job:
        """Reads the job in a file job.json: that of the program's first argument, unless a path is given."""
        path, content = read_job(path)
        if content["format"] != FORMAT:
            raise ValueError(f"{path} has format {content['format']}, this package reads {FORMAT}")
        with np.load(path.parent / content["training"]) as arrays:
            training = Training(
                arrays["images"], arrays["labels"], arrays["own"], arrays["owner"] if "owner" in arrays else None
            )
        with np.load(path.parent / content["probes"]) as arrays:
            probes = arrays["images"]
        net = content["network"]
        return cls(
            seed=content["seed"],
            classes=tuple(content["classes"]),
            shape=tuple(content["shape"]),
            limit=content["limit"],
            directory=path.parent,
            version=content["version"],
            network=Network(
                net["architecture"], net["stem"], net["width"], tuple(net["mean"]), tuple(net["std"]), net["epochs"], net["batch"], net["lr"]
            ),
            training=training,
            probes=probes,
        )

    def predict(self, classes: ArrayLike) -> None:
        """Answers with a class for each probe, or with a row of scores for each of which the highest counts."""
        answer = np.asarray(classes)
        n = len(self.probes)
        if answer.ndim == 2:
            if answer.shape != (n, len(self.classes)):
                raise ValueError(f"scores have the shape {answer.shape}: it must be ({n}, {len(self.classes)})")
            answer.astype("<f4").tofile(self.directory / "scores.bin")
            return
        if answer.shape != (n,):
            raise ValueError(f"predictions have the shape {answer.shape}: it must be ({n},)")
        if not np.issubdtype(answer.dtype, np.integer) or answer.min() < 0 or answer.max() >= len(self.classes):
            raise ValueError(f"predictions must be whole numbers from 0 to {len(self.classes) - 1}")
        kind = "<u1" if len(self.classes) <= 256 else "<u2"
        answer.astype(kind).tofile(self.directory / "predictions.bin")

    def model(self, model: torch.nn.Module) -> None:
        """Answers with parameters of the game's network (backfire.network), which then predicts the probes."""
        from backfire._safetensors import write

        state = {k: v.detach().cpu().numpy() for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
        write(self.directory / "model.safetensors", state)
