"""Checks of one stored result: each of its files against the game of its cell."""

from __future__ import annotations

import csv
import hashlib
import io
from functools import cached_property
from pathlib import Path
from typing import Any, Callable, Optional

import numpy as np

import defense
import documents
from documents import digest, without
from game import NONE, Game, Row
from images import Dataset, label_type
from measures import Measures
from pictures import read_png

TOLERANCE = 1e-9  # relative or absolute, of figures that are no counts
# What only the training knows, in result.json and beside it.
ONLY_TRAINED = {"clean_loss", "final_loss", "train_accuracy", "epochs_trained", "steps_trained", "run"}
OPTIONAL = {"colludes", "mapping", "sources", "source_labels"}  # fields of an attacker that not all have
NOT_DERIVED = {"environment.json", "metrics.csv", "model.safetensors", "divergence.json", "queries.csv", "unlearned.bin", "rankings.bin", "probes.csv"}


# A check by its name. It returns what it has found, or None where there is nothing to
# check; it raises Difference.
Check = tuple[str, Callable[[], Optional[str]]]


class Difference(Exception):
    """Reports a stored value that is not the one that was derived."""


def compare(place: str, stored: Any, derived: Any) -> None:
    """Compares a stored JSON value with a derived one. Numbers that are no counts may
    differ by rounding."""
    if isinstance(stored, dict) and isinstance(derived, dict):
        for key in sorted(stored.keys() | derived.keys()):
            compare(f"{place}.{key}", stored.get(key), derived.get(key))
    elif isinstance(stored, list) and isinstance(derived, list) and len(stored) == len(derived):
        for i, (a, b) in enumerate(zip(stored, derived)):
            compare(f"{place}[{i}]", a, b)
    elif isinstance(stored, float) or isinstance(derived, float):
        if stored is None or derived is None or abs(stored - derived) > TOLERANCE * max(1, abs(derived)):
            raise Difference(f"{place} is {stored}, derived: {derived}")
    elif stored != derived:
        raise Difference(f"{place} is {stored}, derived: {derived}")


def percent(value: dict[str, Any]) -> str:
    return f"{value['hits']} of {value['of']}"


class Result:
    """A stored result beside the game that follows from its cell."""

    def __init__(self, directory: Path, dataset: Callable[[dict[str, Any]], Dataset]) -> None:
        self.directory, self.hash, self._dataset = directory, directory.name, dataset
        self.cell: dict[str, Any] = documents.parse_yaml((directory / "cell.yaml").read_text(encoding="utf-8"))
        self.stored: dict[str, Any] = documents.read_json(directory / "result.json")
        if "cross" not in self.stored:  # of many attackers
            self.stored.update(documents.read_pairs(directory / "pairs.bin"))
        self.unknown: set[str] = set()  # fields that are not known here

    @cached_property
    def game(self) -> Game:
        return Game(self.cell, self._dataset(self.cell["data"]), self.directory.parent / ".patterns")

    @cached_property
    def measures(self) -> Measures:
        classes = self.cell["data"]["classes"]
        predicted = np.frombuffer((self.directory / "predictions.bin").read_bytes(), dtype=label_type(len(classes)))
        return Measures(self.game, classes, predicted)

    @cached_property
    def training(self) -> tuple[list[Row], np.ndarray]:
        return defense.training_set(self.cell, self.game)

    def attacker(self, id: int) -> dict[str, Any]:
        return next(a for a in self.measures.attackers if a["id"] == id)

    def forget(self) -> None:
        """Releases the images of the training set."""
        self.__dict__.pop("training", None)

    def checks(self) -> list[Check]:
        return [
            ("cell", self.check_cell), ("files", self.check_files), ("deal", self.check_deal),
            ("poison.csv", self.check_poison), ("triggers", self.check_triggers), ("training set", self.check_training),
            ("training.npz", self.check_archive), ("images", self.check_folder), ("predictions", self.check_predictions),
            ("standard accuracy", self.check_clean), ("attackers", self.check_attackers), ("cross-trigger matrix", self.check_cross),
            ("honest contributors", self.check_honest), ("summaries", self.check_summaries), ("result.json", self.check_rest),
        ]  # fmt: skip

    def check_cell(self) -> str:
        compare("the hash of cell.yaml", digest(self.cell), self.hash)
        return "its hash is the name of the directory"

    def check_files(self) -> str:
        manifest = documents.read_json(self.directory / "manifest.json")
        exact = documents.read_digits(self.directory / "result.json")
        compare("result.json: digest", exact["digest"], digest(without(exact, "run", "digest")))
        compare("result.json: run.digest", exact["run"].get("digest"), digest(without(exact["run"], "digest")))
        sums = {"result.json": exact["digest"]}
        for path in sorted(self.directory.rglob("*")):
            name = path.relative_to(self.directory).as_posix()
            if path.is_file() and name not in ("result.json", "manifest.json"):
                sums[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        compare("manifest.json", manifest, {"cell": self.hash, "files": sums})
        underived = sorted(NOT_DERIVED & sums.keys())
        return f"{len(sums)} have the sums of manifest.json; not derived: {', '.join(underived) or 'none'}"

    def check_deal(self) -> str:
        game = self.game
        for agent, stored in zip(game.attackers + game.honest, self.stored["attackers"] + self.stored.get("honest", [])):
            counts = {"id": agent.id, "contributed": len(agent.contributed), "held_out": len(agent.held_out)}
            compare(f"result.json: agent {agent.id}", {key: stored[key] for key in counts}, counts)
        own = game.defender
        sizes = sorted({len(agent.contributed) + len(agent.held_out) for agent in game.seats}, reverse=True)
        return (
            f"seed {game.seed}, pool of {game.rules['pool_size']}, the defender has {len(own.contributed)} + {len(own.held_out)}, "
            f"{len(game.seats)} seats of {' or '.join(map(str, sizes))}, {len(game.honest)} honest"
        )

    def check_poison(self) -> str:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["row", "source", "owner", "trigger", "old_label", "new_label", "simulated", "sha256"])
        for i, (row, image) in enumerate(zip(*self.training)):
            if row.trigger == NONE and row.simulated == NONE:
                continue
            agents = [row.owner, row.trigger, ""] if row.trigger != NONE else ["defender", "", row.simulated]
            owner, trigger, simulated = agents
            sha256 = hashlib.sha256(image.tobytes()).hexdigest()
            writer.writerow([i, row.source, owner, trigger, row.old, row.new, simulated, sha256])
        derived, stored = text.getvalue().splitlines(), (self.directory / "poison.csv").read_text().splitlines()
        for i, (a, b) in enumerate(zip(stored, derived), start=1):
            compare(f"poison.csv: line {i}", a, b)
        compare("poison.csv: number of lines", len(stored), len(derived))
        return f"{len(derived) - 1} rows, their labels and the SHA-256 of their images"

    def check_triggers(self) -> str:
        triggers, directory = self.game.triggers, self.directory / "triggers"
        for attacker in self.stored["attackers"]:
            trigger = triggers.get(attacker["id"])
            compare(f"result.json: trigger of attacker {attacker['id']}", attacker["trigger"], trigger.name() if trigger else "")
        compare("result.json: overlaps", self.stored["overlaps"], self.game.overlaps())
        if not directory.exists():
            return f"{len(triggers)} names"
        names = {f"attacker-{id}.png" for id in triggers}
        compare("triggers: files", sorted(path.name for path in directory.iterdir()), sorted(names))
        for id, trigger in triggers.items():
            colours = np.broadcast_to(trigger.pattern, (3, *trigger.mask.shape))
            pixels = np.concatenate((colours, 255 * trigger.mask[None])).transpose(1, 2, 0)
            picture = read_png(directory / f"attacker-{id}.png")
            if picture.shape[-1] == 3:  # the mask is the whole image
                picture = np.concatenate((picture, np.full_like(picture[..., :1], 255)), axis=-1)
            if not np.array_equal(picture, pixels):
                raise Difference(f"triggers/attacker-{id}.png shows another trigger than attacker {id}'s")
        return f"{len(triggers)} names and pictures"

    def check_training(self) -> str:
        rows, images = self.training
        compare("result.json: training_images", self.stored["training_images"], len(rows))
        norm = defense.normalization(self.cell, rows, images, self.game.shape["c"])
        compare("result.json: normalization", self.stored["normalization"], norm)
        return f"{len(rows)} images, mean and deviation of their pixels"

    def check_archive(self) -> str | None:
        if not (self.directory / "training.npz").exists():
            return None
        rows, images = self.training
        shape = self.game.shape
        pictures = images.reshape(-1, shape["c"], shape["h"], shape["w"]).transpose(0, 2, 3, 1)
        columns = {"labels": "new", "clean_labels": "old"} | {name: name for name in ("owner", "trigger", "simulated", "source")}
        derived = {name: np.array([getattr(row, column) for row in rows]) for name, column in columns.items()}
        stored: dict[str, np.ndarray] = dict(np.load(self.directory / "training.npz"))
        compare("training.npz: arrays", sorted(stored), sorted([*derived, "images"]))
        for name, values in {**derived, "images": pictures}.items():
            compare(f"training.npz: shape of {name}", list(stored[name].shape), list(values.shape))
            differ = np.flatnonzero((stored[name] != values).reshape(len(values), -1).any(axis=1))
            if len(differ):
                raise Difference(f"training.npz: {name} of row {differ[0]} differs from the derived row, {len(differ)} rows in all")
        return f"{len(rows)} rows of {len(derived) + 1} arrays"

    def check_folder(self) -> str | None:
        directory = self.directory / "images"
        if not directory.exists():
            return None
        (rows, images), shape = self.training, self.game.shape
        digits = len(str(len(self.cell["data"]["classes"]) - 1))
        names = {f"{row.new:0{digits}d}/{i}.png": i for i, row in enumerate(rows)}
        compare("images: files", sorted(p.relative_to(directory).as_posix() for p in directory.rglob("*.png")), sorted(names))
        for name, i in names.items():
            pixels = images[i].reshape(shape["c"], shape["h"], shape["w"]).transpose(1, 2, 0)
            if not np.array_equal(read_png(directory / name)[..., : shape["c"]], pixels):
                raise Difference(f"images/{name} shows another image than row {i} of the training set")
        return f"{len(rows)} pictures"

    def check_predictions(self) -> str:
        try:
            return f"one for each of {len(self.measures.predicted)} probes"
        except ValueError as error:
            raise Difference(str(error)) from error

    def check_clean(self) -> str:
        m = self.measures
        derived = {"clean_accuracy": m.clean, "chance": m.chance, "collapsed": m.collapsed()}
        compare("result.json", {key: self.stored.get(key) for key in derived}, derived)
        return f"{percent(m.clean)}, chance {percent(m.chance)}"

    def check_attackers(self) -> str:
        stored = self.stored["attackers"]
        compare("result.json: number of attackers", len(stored), len(self.measures.attackers))
        for i, (a, b) in enumerate(zip(stored, self.measures.attackers)):
            self.unknown |= {f"attackers.{key}" for key in a.keys() - b.keys() - OPTIONAL}
            # Results of versions that did not measure randomness lack it.
            derived = b if "randomness" in a else without(b, "randomness")
            compare(f"result.json: attackers[{i}]", {key: a[key] for key in a if key in b or key in OPTIONAL}, derived)
        rates = "; ".join(f"{a['id']}: {percent(a['asr'])}, base {percent(a['base_rate'])}" for a in self.measures.attackers[:3])
        return f"ASR, base rate, lift and robustness of {len(self.measures.attackers)} ({rates})"

    def check_cross(self) -> str:
        compare("result.json: cross", self.stored["cross"], self.measures.cross)
        return f"{len(self.measures.cross)} x {len(self.measures.cross)}"

    def check_honest(self) -> str | None:
        compare("result.json: honest", self.stored.get("honest", []), self.measures.honest)
        return ", ".join(percent(h["accuracy"]) for h in self.measures.honest) or None

    def check_summaries(self) -> str:
        derived = self.measures.summaries()
        compare("result.json", {key: self.stored.get(key) for key in derived}, derived)
        return "mean, population deviation and interval over the attackers"

    def check_rest(self) -> str:
        """Compares the fields that have no check of their own, and names those that are
        not derived."""
        readings = self.readings()
        derived = {"format": 2, "cell": self.hash, "seed": self.game.seed, "readings": readings}
        stored = {**self.stored, "readings": {key: self.stored["readings"][key] for key in self.stored["readings"] if key in READINGS}}
        compare("result.json", {key: stored.get(key) for key in derived}, derived)
        self.unknown |= {f"readings.{key}" for key in self.stored["readings"].keys() - READINGS}
        self.unknown |= self.stored.keys() - derived.keys() - CHECKED - ONLY_TRAINED
        return f"format, seed and readings; not derived: {', '.join(sorted(self.stored.keys() & ONLY_TRAINED | self.unknown))}"

    def readings(self) -> dict[str, Any]:
        """Returns the readings of the game, mixed where attackers differ."""
        rules = self.cell["game"]
        readings = {name: rules[name] for name in ("sampling", "jitter", "exclude_target_class", "denominator", "seats") if name in rules}
        for name, value in OF_ATTACKERS.items():
            values = {value(a) for a in rules["attackers"]}
            reading = values.pop() if len(values) == 1 else "mixed"
            if reading or name == "trigger_range":
                readings[name] = reading
        return readings


OF_ATTACKERS: dict[str, Callable[[dict[str, Any]], str]] = {
    "trigger_kind": lambda a: str(a["trigger"].get("kind", "")),
    "trigger_range": lambda a: str(a["trigger"]["range"]),
    "label_mode": lambda a: str(a["label_mode"]),
    "budget": lambda a: str(a.get("budget", "")),
    "mapping": lambda a: str(a.get("mapping", "")),
}
READINGS = {*OF_ATTACKERS, "sampling", "jitter", "exclude_target_class", "denominator", "seats"}
# The fields of result.json that have a check of their own.
CHECKED = {
    "digest", "attackers", "honest", "cross", "overlaps", "clean_accuracy", "chance", "collapsed", "training_images",
    "normalization", "asr", "base_rate", "robustness", "lift",
}  # fmt: skip
