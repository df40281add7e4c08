"""The figures of a stored model, computed anew from an export in plain PyTorch, to the image."""

from __future__ import annotations

import csv
import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

import backfire
from backfire._program import call


def exported(played: backfire.Results, to: str, out: Path) -> Path:
    hash = played.models[0].hash
    call("export", hash, "--to", to, "--store", str(played.store), "--out", str(out))
    return out / hash[:12]


def counts(columns: dict[str, Any], predicted: Any, about: dict[str, Any]) -> dict[str, list[int]]:
    """Returns hits and images of each rate, as result.json defines them for the denominator own."""
    assert about["denominator"] == "own" and about["exclude_target_class"]
    owner, stamped, labels = columns["owner"], columns["stamped"], columns["labels"]

    def share(rows: Any, wanted: Any) -> list[int]:
        return [int((predicted == wanted)[rows].sum()), int(rows.sum())]

    found = {"clean_accuracy": share(owner == -1, labels)}
    for attacker in about["attackers"]:
        own = (owner == attacker["id"]) & (labels != attacker["target"])
        found[f"asr {attacker['id']}"] = share(own & stamped, attacker["target"])
        found[f"base_rate {attacker['id']}"] = share(own & ~stamped, attacker["target"])
        found[f"robustness {attacker['id']}"] = share(own & stamped, labels)
    return found


def stored(result: dict[str, Any]) -> dict[str, list[int]]:
    def share(rate: dict[str, Any]) -> list[int]:
        return [rate["hits"], rate["of"]]

    found = {"clean_accuracy": share(result["clean_accuracy"])}
    for a in result["attackers"]:
        found |= {f"{key} {a['id']}": share(a[key]) for key in ("asr", "base_rate", "robustness")}
    return found


def test_figures_follow_from_arrays(played: backfire.Results, tmp_path: Path) -> None:
    directory = exported(played, "npz", tmp_path)
    with np.load(directory / "heldout.npz") as arrays:
        columns = dict(arrays)
    spec = importlib.util.spec_from_file_location("load_model", ROOT / "scripts" / "load_model.py")
    assert spec is not None and spec.loader is not None
    plain = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plain)
    model, normalize = plain.load(directory / "model.safetensors")
    predicted = plain.predict(model, normalize, columns["images"])
    about = json.loads((directory / "export.json").read_text())
    assert counts(columns, predicted, about) == stored(json.loads((directory / "result.json").read_text()))
    assert (predicted == columns["predicted"]).all()


def test_folders_have_the_same_images(played: backfire.Results, tmp_path: Path) -> None:
    directory = exported(played, "imagefolder", tmp_path)
    about = json.loads((directory / "export.json").read_text())
    with open(directory / "heldout.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    images = played.models[0].heldout()
    at = 0
    for row in rows:
        if row["stamped"] == "true":
            continue
        pixels = np.asarray(Image.open(directory / row["file"]))
        np.testing.assert_array_equal(pixels, images.images[at, 0].numpy())
        assert Path(row["file"]).parent.name == about["folders"][int(row["label"])]
        at += 1
    assert at == len(images)


def test_tables_are_described(played: backfire.Results, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    croissant = pytest.importorskip("mlcroissant")
    directory = exported(played, "parquet", tmp_path)
    table = parquet.read_table(directory / "train.parquet")
    training = played.models[0].training_set()
    assert table["label"].to_pylist() == training.labels.tolist()
    assert table["poisoned"].to_pylist() == training.columns["poisoned"].tolist()
    dataset = croissant.Dataset(jsonld=str(directory / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    record = next(iter(dataset.records("train")))
    assert record["train/label"] == int(training.labels[0])
    np.testing.assert_array_equal(np.asarray(record["train/image"]), training.images[0, 0].numpy())


def test_existing_exports_are_not_overwritten(played: backfire.Results, tmp_path: Path) -> None:
    exported(played, "npz", tmp_path)
    with pytest.raises(backfire.BackfireError, match="exists already"):
        exported(played, "parquet", tmp_path)
