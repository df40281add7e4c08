"""Results as Python sees them, against the stored figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SMALL

import backfire


def test_table_of_a_run(played: backfire.Results) -> None:
    df = played.df
    assert list(df["n"]) == [2, 2] and list(df["id"]) == [0, 1]
    model = played.models[0]
    assert list(df["asr"]) == pytest.approx(list(model.attackers["asr"]))
    assert df["clean_accuracy"].iloc[0] == pytest.approx(model.clean_accuracy)


def test_models_are_not_trained_twice(played: backfire.Results, store: Path) -> None:
    again = backfire.run("quick", attackers=[2], store=store, settings=SMALL)
    assert again.path == played.path
    assert [m.result["run"]["started"] for m in again.models] == [m.result["run"]["started"] for m in played.models]


def test_attackers_without_one_target(tmp_path: Path) -> None:
    rate = {"hits": 1, "of": 2, "rate": 0.5}
    figures = {key: 0.2 for key in ("p0", "p1", "p2", "lift")} | {key: 3 for key in ("contributed", "poisoned", "held_out")}
    figures |= {key: rate for key in ("asr", "base_rate", "robustness")}
    attackers = [
        figures | {"id": 0, "target": 2, "label": "c"},
        figures | {"id": 1, "target": None, "label": "", "mapping": "all_to_all"},
        figures | {"id": 2, "target": 0, "label": "a", "mapping": "all_to_all"},  # as earlier versions stored it
    ]
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "result.json").write_text(json.dumps({"attackers": attackers}))
    table = backfire.Model(tmp_path, "x").attackers
    assert list(table["target"].isna()) == [False, True, True] and table["target"][0] == 2
    assert list(table["label"]) == ["c", "", ""] and list(table["mapping"]) == ["", "all_to_all", "all_to_all"]


def test_training_set(played: backfire.Results) -> None:
    model = played.models[0]
    images = model.training_set()
    assert images.images.dtype == torch.uint8 and tuple(images.images.shape[1:]) == (1, 28, 28)
    assert len(images) == model.result["training_images"]
    for id, attacker in model.attackers.iterrows():
        own = images.columns["owner"] == id
        assert own.sum() == attacker["contributed"]
        assert (own & images.columns["poisoned"]).sum() == attacker["poisoned"]
        stamped = images.select(own & images.columns["poisoned"])
        assert (stamped.labels == int(attacker["target"])).all()
        mask, pattern = model.triggers[int(str(id))]
        pixels = stamped.images.permute(0, 2, 3, 1).numpy()
        assert (pixels[:, mask == 1] == pattern[mask == 1]).all(), "each carries its owner's trigger"
    image, label = images.dataset()[0]
    assert image.max() <= 1 and label == images.labels[0]


def test_heldout_images(played: backfire.Results) -> None:
    model = played.models[0]
    clean, stamped = model.heldout(1), model.heldout(1, stamped=True)
    assert len(clean) == len(stamped) == model.attackers.loc[1, "held_out"]
    assert (clean.columns["source"] == stamped.columns["source"]).all()
    assert not torch.equal(clean.images, stamped.images)
    with pytest.raises(ValueError, match="agent 7 holds out no clean images"):
        model.heldout(7)


def test_model_predicts_as_stored(played: backfire.Results) -> None:
    for model in played.models:
        images = model.heldout(backfire.DEFENDER)
        predicted = model.torch().predict(images.images).numpy()
        assert (predicted == images.columns["predicted"]).all()
        rate = model.result["clean_accuracy"]
        assert [int((predicted == images.labels.numpy()).sum()), len(images)] == [rate["hits"], rate["of"]]


def test_sweep_and_errors(store: Path) -> None:
    base = {"attackers": {"counts": [1], "singles": 0}}
    results = backfire.sweep({"base": base, "grid": {"attackers.p": [0.1, 0.4]}}, preset="quick", store=store, settings=SMALL)
    assert sorted(float(p) for p in results.df["attackers.p"]) == [0.1, 0.4]
    with pytest.raises(backfire.BackfireError, match="pool"):
        backfire.run("quick", store=store, settings={"pool.size": -1})


def test_safetensors_are_read_back(tmp_path: Path) -> None:
    from backfire._safetensors import read, write

    tensors = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.float32([1.5])}
    write(tmp_path / "file", tensors)
    found, _ = read(tmp_path / "file")
    assert found.keys() == tensors.keys()
    for name, values in tensors.items():
        np.testing.assert_array_equal(found[name], values)


@pytest.mark.parametrize("architecture", ["resnet34", "preact_resnet18", "resnet9", "vgg11_bn", "smallcnn"])
def test_networks_predict_as_they_did(architecture: str, store: Path) -> None:
    settings = SMALL | {"pool.size": 400, "train.epochs": 1, "model.architecture": architecture}
    model = backfire.run("quick", attackers=[1], store=store, settings=settings).models[0]
    heldout = model.heldout()
    assert model.torch().predict(heldout.images).numpy().tolist() == heldout.columns["predicted"].tolist()


def test_an_unknown_network_is_named() -> None:
    with pytest.raises(ValueError, match="the network lenet is not known here: resnet18, resnet34"):
        backfire.network("lenet", 4, 1, 10)
