"""Triggers of one's own: the examples, what the jobs hold, and what the program says of those that fail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import EXAMPLES, SMALL

import backfire

WRONG = {
    "crash": ("raise SystemExit('out of ideas')", "ended with exit status 1: out of ideas"),
    "slow": ("import time; time.sleep(60)", "did not end within 1s"),
    "none": ("TriggerJob.read()", "it left no answer"),
    "shape": ("job = TriggerJob.read(); job.pattern(np.ones((3, 3)), np.zeros(job.shape))", "the mask has the shape"),
    "nan": ("job = TriggerJob.read(); job.stamped(job.images * np.nan)", "have a value that is not finite"),
    "range": ("job = TriggerJob.read(); job.stamped(job.images + 300.0)", "must be from 0 to 255, not 300 to"),
    "short": ("job = TriggerJob.read(); job.stamped(job.images[1:])", "stamped images have the shape"),
    "whole": ("job = TriggerJob.read(); job.pattern(np.ones(job.shape[:2]), np.zeros(job.shape))", "nothing of the image would be left"),
    "same": (
        "job = TriggerJob.read(); m = np.zeros(job.shape[:2]); m[0] = 1; job.pattern(m, np.zeros(job.shape))",
        "let the program make a trigger that depends on the seed",
    ),
}


def settings(path: Path) -> dict[str, object]:
    return SMALL | {"trigger.kind": "exec", "trigger.command": path, "trigger.version": "1"}


def test_a_pattern(store: Path) -> None:
    results = backfire.run("quick", attackers=[2], store=store, settings=settings(EXAMPLES / "contrast.py"))
    assert set(results.df["id"]) == {0, 1}
    model = next(m for m in results.models if len(m.attackers) == 2)
    masks = {attacker: mask for attacker, (mask, _) in model.triggers.items()}
    assert all(mask.sum() == 16 for mask in masks.values())
    assert not np.array_equal(masks[0], masks[1]), "each attacker has a seed of its own"
    for attacker in (0, 1):
        mask, pattern = model.triggers[attacker]
        clean, stamped = (model.heldout(agent=attacker, stamped=s).images.numpy() for s in (False, True))
        assert np.array_equal(stamped, np.where(np.asarray(mask, bool), pattern.transpose(2, 0, 1), clean))
    trigger = (model.directory / "cell.yaml").read_text()
    assert "command: contrast.py" in trigger and 'version: "1"' in trigger and "sha256: " in trigger


def test_stamped_images(tmp_path: Path, store: Path) -> None:
    results = backfire.run("quick", attackers=[2], store=store, settings=settings(EXAMPLES / "sig.py"))
    model = next(m for m in results.models if len(m.attackers) == 2)
    assert model.triggers == {}, "every image has its own"
    for attacker in (0, 1):
        clean, stamped = (model.heldout(agent=attacker, stamped=s).images.numpy().astype(int) for s in (False, True))
        assert (np.abs(stamped - clean).max(axis=(1, 2, 3)) > 20).all()
    assert "stamped: " in (model.directory / "cell.yaml").read_text()
    from backfire._program import call

    assert "0 models" not in call("verify", model.hash, "--store", str(store))


def test_reasons(tmp_path: Path, store: Path) -> None:
    for name, (text, reason) in WRONG.items():
        path = tmp_path / f"{name}.py"
        path.write_text(f"import numpy as np\nfrom backfire import TriggerJob\n{text}\n")
        more: dict[str, object] = {"trigger.limit": 1} if name == "slow" else {}
        with pytest.raises(backfire.BackfireError, match=reason):
            backfire.run("quick", attackers=[2], store=store, settings=settings(path) | more)


def test_what_a_job_holds(tmp_path: Path, store: Path) -> None:
    path = tmp_path / "holds.py"
    path.write_text(
        "import numpy as np\nfrom backfire import TriggerJob\njob = TriggerJob.read()\n"
        "assert job.attacker in (0, 1) and job.target == 2 and len(job.classes) == 10 and job.version == '1'\n"
        "assert len(job.sample) == len(job.labels) == 240 and len(job.images) == 300\n"
        "own = {image.tobytes() for image in job.sample}\n"
        "held_out = [i for i, image in enumerate(job.images) if image.tobytes() not in own]\n"
        "assert 50 < len(held_out) <= 60 and min(held_out) < 60 and max(held_out) > 240, 'the order tells nothing'\n"
        "job.stamped(255 - job.images)\n"
    )
    backfire.run("quick", attackers=[2], store=store, settings=settings(path))
