"""What a defense makes of a training set."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from game import DEFENDER, Game, Row
from streams import Stream
from triggers import Trigger, draw, rounded

MAX_DRAWS = 100


def training_set(cell: dict[str, Any], game: Game) -> tuple[list[Row], np.ndarray]:
    """Returns the training set of a cell: without the agents that are left out, the
    defender if it is, and with the triggers that the defender simulates."""
    rows, images = game.training()
    defense = cell.get("defense") or {}
    absent = {*defense.get("excluded", []), *([DEFENDER] if defense.get("without_own") else [])}
    kept = [i for i, row in enumerate(rows) if row.owner not in absent]
    rows, images = [rows[i] for i in kept], images[kept]
    for entry in defense.get("stack", []):
        if "agent_augmentation" in entry:
            seed = cell["training"].get("seed", game.seed)
            left_out = defense["excluded"] if defense.get("avoids_group") else []
            avoid = [trigger for agent, trigger in game.triggers.items() if agent not in left_out]
            augment(rows, images, entry["agent_augmentation"], game.shape, avoid, seed)
    return rows, images


def augment(rows: list[Row], images: np.ndarray, settings: dict[str, Any], shape: dict[str, int], avoid: list[Trigger], seed: int) -> None:
    """Stamps the defender's rows with the triggers of simulated attackers, in turn. They
    differ from each other and from the triggers to avoid."""
    taken = {trigger.name() for trigger in avoid}
    simulated = [free_trigger(settings, shape, Stream(seed, "simulated trigger", k), taken) for k in range(settings["agents"])]
    own = [i for i, row in enumerate(rows) if row.owner == DEFENDER]
    Stream(seed, "augmentation").shuffle(own)
    for i, row in enumerate(own[rounded(settings["clean"] * len(own)) :]):
        k = i % len(simulated)
        rows[row].simulated, images[row] = k, simulated[k].stamped(images[row])


def free_trigger(spec: dict[str, Any], shape: dict[str, int], stream: Stream, taken: set[str]) -> Trigger:
    """Draws triggers until one is not taken, and takes it."""
    for _ in range(MAX_DRAWS):
        trigger = draw(shape, spec, stream)
        if trigger.name() not in taken:
            taken.add(trigger.name())
            return trigger
    raise ValueError("each trigger of a simulated attacker collides with another")


def normalization(cell: dict[str, Any], rows: list[Row], images: np.ndarray, channels: int) -> dict[str, list[float]]:
    """Returns mean and population standard deviation of the pixels in [0, 1] by
    channel, over the images that are trained on from the beginning."""
    slices = (cell.get("defense") or {}).get("slices")
    if slices:
        first = [i for i, row in enumerate(rows) if row.owner == DEFENDER or row.owner in slices[0]["enter"]]
        images = images[first]
    means, deviations = [], []
    for pixels in images.reshape(len(images), channels, -1).swapaxes(0, 1):
        counts = np.bincount(pixels.reshape(-1), minlength=256)
        mean = float((counts * np.arange(256)).sum() / counts.sum())
        std = math.sqrt(float((counts * (np.arange(256) - mean) ** 2).sum() / counts.sum()))
        means.append(mean / 255)
        deviations.append((std or 255) / 255)
    return {"mean": means, "std": deviations}
