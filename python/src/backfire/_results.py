"""Stored results: figures as tables, models as modules, images as tensors."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backfire._program import call
from backfire._safetensors import read

if TYPE_CHECKING:
    import torch
    from torch.utils.data import Dataset

    from backfire._network import Network

DEFENDER = -1
"""The defender as an owner, and no attacker as a trigger."""


@dataclass(frozen=True)
class Images:
    """Images of a game with what is known of each.

    images: uint8 (N, C, H, W) as a tensor. labels: int64 (N); of the training set those trained on. columns: the
    other columns by name as arrays (N), such as owner, poisoned, trigger, source, and predicted for held-out images.
    """

    images: torch.Tensor
    labels: torch.Tensor
    columns: dict[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.labels)

    def select(self, rows: NDArray[np.bool_]) -> Images:
        """Returns the images for which rows is True."""
        import torch

        mask = torch.from_numpy(rows)
        return Images(self.images[mask], self.labels[mask], {name: values[rows] for name, values in self.columns.items()})

    def dataset(self) -> Dataset[Any]:
        """Returns a torch Dataset of pairs of an image from 0 to 1 and its label."""
        from torch.utils.data import TensorDataset

        return TensorDataset(self.images.float() / 255, self.labels)


class Model:
    """A stored model with its figures. Its images are dealt anew when they are asked for first."""

    def __init__(self, store: Path, hash: str, options: tuple[str, ...] = ()) -> None:
        self.store, self.hash = store, hash
        self._options = options

    def __repr__(self) -> str:
        return f"Model({self.hash[:12]}, seed {self.seed}, {len(self.result['attackers'])} attackers)"

    @property
    def directory(self) -> Path:
        """The directory of the model's files, which docs/results-format.md describes."""
        return self.store / self.hash

    @cached_property
    def result(self) -> dict[str, Any]:
        """The content of result.json."""
        content: dict[str, Any] = json.loads((self.directory / "result.json").read_text())
        return content

    @property
    def seed(self) -> int:
        """The seed of the game."""
        return int(self.result["seed"])

    @property
    def clean_accuracy(self) -> float:
        """Standard accuracy: share of the defender's held-out images that are predicted as what they are."""
        return float(self.result["clean_accuracy"]["rate"])

    @property
    def attackers(self) -> pd.DataFrame:
        """A row per attacker, by ID: target, poisoned images and rates.

        target is missing where the mapping is all_to_all, by which an attacker wants the next class of each.
        """
        rows = []
        for a in self.result["attackers"]:
            row = {key: a[key] for key in ("id", "target", "label", "p0", "p1", "p2", "contributed", "poisoned", "held_out", "lift")}
            row["mapping"] = a.get("mapping", "")
            if row["mapping"] == "all_to_all":  # results of earlier versions have class 0
                row["target"], row["label"] = None, ""
            row |= {key: a[key]["rate"] for key in ("asr", "base_rate", "robustness")}
            rows.append(row)
        return pd.DataFrame(rows).set_index("id").astype({"target": "Int64"})

    def torch(self) -> Network:
        """Returns the trained network in plain PyTorch, loaded strictly. Its input is pixel values from 0 to 255.

        Raises FileNotFoundError if the model is not stored: models of 5 MB and more are, with the setting
        artefacts.model=true.
        """
        import torch

        from backfire._network import network

        path = self.directory / "model.safetensors"
        if not path.is_file():
            raise FileNotFoundError(f"{path}: the model is not stored: repeat the run with artefacts.model=true")
        tensors, about = read(path)
        stem = tensors.get("conv1.weight")
        model = network(
            about["architecture"],
            int(about["width"]),
            json.loads(about["shape"])[0],
            len(json.loads(about["classes"])),
            tuple(json.loads(about["mean"])),
            tuple(json.loads(about["std"])),
            large=stem is not None and stem.shape[-1] == 7,
        )
        state = {name: torch.from_numpy(values) for name, values in tensors.items()}
        # PyTorch counts batches, which prediction does not need and stored models lack.
        state |= {name: torch.tensor(0) for name in model.state_dict() if name.endswith("num_batches_tracked")}
        model.load_state_dict(state, strict=True)
        return model.eval()

    @cached_property
    def _export(self) -> Path:
        self._scratch = tempfile.TemporaryDirectory(prefix="backfire-")
        out = Path(self._scratch.name)
        call("export", self.hash, "--to", "npz", "--store", str(self.store), "--out", str(out), *self._options)
        return out / self.hash[:12]

    def _images(self, name: str) -> Images:
        import torch

        with np.load(self._export / name) as arrays:
            columns = {key: arrays[key] for key in arrays.files}
        pixels = columns.pop("images")
        labels = columns.pop("labels")
        return Images(torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(labels), columns)

    def training_set(self) -> Images:
        """Returns the training set. Columns: clean_labels, owner, poisoned, trigger, simulated, source."""
        return self._images("training.npz")

    def heldout(self, agent: int | None = None, stamped: bool = False) -> Images:
        """Returns held-out images without triggers, or with their owner's trigger if stamped.

        agent is an agent's ID, or DEFENDER; None stands for all agents. Columns: owner, stamped, trigger, target,
        predicted, source.
        """
        images = self._images("heldout.npz")
        rows = images.columns["stamped"] == stamped
        if agent is not None:
            rows &= images.columns["owner"] == agent
        if not rows.any():
            raise ValueError(f"agent {agent} holds out no {'stamped' if stamped else 'clean'} images in this game")
        return images.select(rows)

    @property
    def triggers(self) -> dict[int, tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
        """Mask (H, W) and pattern (H, W, C) of each attacker's trigger, by ID."""
        path = self._export / "triggers.npz"
        if not path.is_file():
            return {}  # every image has a trigger of its own
        with np.load(path) as arrays:
            return {
                int(id): (mask, pattern)
                for id, mask, pattern in zip(arrays["attacker"], arrays["masks"], arrays["patterns"], strict=True)
            }


class Results:
    """What a run or a sweep left in a store."""

    def __init__(self, store: Path, summary: Path, options: tuple[str, ...] = ()) -> None:
        self.store, self.path = store, summary
        self._options = options

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The content of sweep.json."""
        content: dict[str, Any] = json.loads(self.path.read_text())
        return content

    @cached_property
    def df(self) -> pd.DataFrame:
        """A row per attacker of each game: seed, training (from 1), keys of the point, N, defender, and the figures."""
        rows: list[dict[str, Any]] = []
        for point in self.summary["points"]:
            keys = point.get("keys") or {}
            for game in point["games"]:
                if not game.get("complete", True):
                    continue
                shared = {"point": point.get("name", ""), "seed": point.get("seed"), "training": point.get("repetition", 1), **keys}
                shared |= {"n": game["n"], "defender": game["defender"], "clean_accuracy": _rate(game.get("clean_accuracy"))}
                for a in game["attackers"]:
                    rows.append(shared | {key: _rate(value) for key, value in a.items() if not isinstance(value, list)})
        return pd.DataFrame(rows)

    @cached_property
    def models(self) -> list[Model]:
        """The models of the games, each once, in the order of the games; the matched singles are among them."""
        hashes: dict[str, None] = {}
        for point in self.summary["points"]:
            for game in point["games"]:
                hashes |= dict.fromkeys(game.get("models") or [])
        return [Model(self.store, hash, self._options) for hash in hashes if (self.store / hash).is_dir()]


def _rate(value: Any) -> Any:
    """Returns the share of a rate or the mean of a summary, and any other value as it is."""
    if isinstance(value, dict):
        return value.get("rate", value.get("mean"))
    return value
