"""An export for BackdoorBench, read as BackdoorBench reads it.

BackdoorBench is no package of any registry. What its loader does (utils/save_load_attack.py and
utils/bd_dataset_v2.py, commit 3f4b1a9 of SCLBD/BackdoorBench) is done here step by step: it needs eight keys; the path
of the file must contain "record" and data_path "data"; it counts the model's tensors and renames them by their order;
a data set takes the state of a container of images, an array of indices and an array that marks the poisoned ones.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import backfire
from backfire._program import call
from conftest import SMALL

MNIST = Path(os.environ.get("BACKFIRE_DATA", "/nowhere")) / "mnist"
KEYS = {"model_name", "num_classes", "model", "data_path", "img_size", "clean_data", "bd_train", "bd_test"}


class Bench:
    """A data set in the state that the export has, over the clean images that BackdoorBench loads itself."""

    def __init__(self, state: dict[str, Any], clean: tuple[np.ndarray, np.ndarray]) -> None:
        assert set(state) == {
            "bd_data_container", "getitem_all", "getitem_all_switch", "original_index_array", "poison_indicator", "save_folder_path",
        }  # fmt: skip
        self.container, self.clean = state["bd_data_container"], clean
        assert set(self.container) == {"save_folder_path", "data_dict", "save_file_format"}
        self.indices, self.poisoned = state["original_index_array"], state["poison_indicator"]
        assert isinstance(self.indices, np.ndarray) and isinstance(self.poisoned, np.ndarray)
        assert state["getitem_all"] and not state["getitem_all_switch"]

    def __getitem__(self, at: int) -> tuple[np.ndarray, int, int, int, int]:
        """Returns image, label, index, whether it is poisoned, and the true label, in BackdoorBench's order."""
        index = self.indices[at]
        if self.poisoned[index] == 0:
            label = int(self.clean[1][index])
            return self.clean[0][index], label, index, 0, label
        entry = self.container["data_dict"][index]
        label, true = entry["other_info"]
        with Image.open(entry["path"]) as image:  # from the directory above "record"
            return np.asarray(image), label, index, 1, true

    def __len__(self) -> int:
        return len(self.indices)


def mnist() -> tuple[np.ndarray, np.ndarray]:
    """Returns the training images of MNIST as torchvision's class has them."""
    import gzip

    images, labels = (gzip.decompress(next(MNIST.glob(f"train-{kind}*.gz")).read_bytes()) for kind in ("images", "labels"))
    return np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28), np.frombuffer(labels, np.uint8, offset=8)


@pytest.mark.skipif(not MNIST.is_dir(), reason="MNIST is not there: BACKFIRE_DATA names no directory with it")
def test_backdoorbench_reads_the_export(tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resnet = pytest.importorskip("torchvision.models.resnet")
    settings = SMALL | {"data.split": "train"}
    played = backfire.run("quick", attackers=[2], dataset="mnist", store=store, settings=settings)
    played_model = next(m for m in played.models if len(m.attackers) == 2)
    call("export", played_model.hash, "--to", "backdoorbench", "--store", str(store), "--out", str(tmp_path))
    directory = tmp_path / played_model.hash[:12]
    about = json.loads((directory / "export.json").read_text())
    monkeypatch.chdir(directory)
    clean, result = mnist(), played_model.result
    training = played_model.training_set()
    for a in result["attackers"]:
        path = next(Path("record").glob(f"*attacker-{a['id']}")) / "attack_result.pt"
        # Its arrays are numpy's, which BackdoorBench loads without the restriction to weights of later PyTorch.
        content = torch.load(path, weights_only=False)
        assert set(content) == KEYS
        assert "record" in str(path.resolve()) and "data" in content["data_path"]
        assert (content["clean_data"], content["num_classes"], content["img_size"]) == ("mnist", 10, [28, 28, 1])
        train, test = (Bench(content[key], clean) for key in ("bd_train", "bd_test"))
        check_training(train, training, result)
        assert list(content["model"]) == list(resnet.resnet18(num_classes=10).state_dict()), "tensors are renamed by their order"
        check_rates(content, test, a, about)


def check_training(train: Bench, training: backfire.Images, result: dict[str, Any]) -> None:
    """The training set is the game's, image by image."""
    assert len(train) == len(training) == result["training_images"]
    order = {int(source): at for at, source in enumerate(training.columns["source"])}
    assert int(train.poisoned.sum()) == sum(a["poisoned"] for a in result["attackers"])
    for image, label, index, poisoned, true in train:  # type: ignore[attr-defined]
        at = order[int(index)]
        assert np.array_equal(image, training.images[at, 0].numpy())
        assert label == training.labels[at] and true == training.columns["clean_labels"][at]
        assert poisoned == training.columns["poisoned"][at]


def check_rates(content: dict[str, Any], test: Bench, a: dict[str, Any], about: dict[str, Any]) -> None:
    """The network of the export has the attacker's rates on the stamped images of the export, to the image.

    BackdoorBench makes torchvision's ResNet-18 by its name, which this small one is not; see docs/export.md.
    """
    assert content["model_name"] == "resnet18"
    network = backfire.ResNet18(SMALL["model.width"], 1, content["num_classes"])
    network.load_state_dict(content["model"], strict=True)
    network.eval()
    rows = [test[at] for at in range(len(test))]
    assert all(poisoned and label == a["target"] != true for _, label, _, poisoned, true in rows)
    images = torch.from_numpy(np.stack([image for image, *_ in rows]))[:, None].float() / 255
    mean, std = (torch.tensor(about[key]).reshape(1, -1, 1, 1) for key in ("mean", "std"))
    with torch.no_grad():
        predicted = network((images - mean) / std).argmax(1).numpy()
    labels = np.array([label for _, label, *_ in rows])
    true = np.array([true for *_, true in rows])
    assert [int((predicted == labels).sum()), len(rows)] == [a["asr"]["hits"], a["asr"]["of"]]
    assert [int((predicted == true).sum()), len(rows)] == [a["robustness"]["hits"], a["robustness"]["of"]]
