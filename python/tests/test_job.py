"""Defenses of one's own: the examples, and what the program says of those that fail."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import EXAMPLES, SMALL

import backfire

JOBS = {
    "owners": "job = Job.read(); assert job.training.owner is None; job.predict([0] * len(job.probes))",
    "knows": "job = Job.read(); assert set(job.training.owner) == {-1, 0, 1}; job.predict([0] * len(job.probes))",
    "nan": "import numpy as np; job = Job.read(); job.predict(np.full((len(job.probes), 10), np.nan))",
    "short": "job = Job.read(); job.directory.joinpath('predictions.bin').write_bytes(b'1')",
    "none": "job = Job.read()",
    "crash": "raise SystemExit('out of ideas')",
    "slow": "import time; time.sleep(60)",
}


@pytest.mark.parametrize("name", ["logistic", "vgg", "spectral"])
def test_examples(name: str, store: Path) -> None:
    if name == "vgg":
        pytest.importorskip("torchvision")
    defender = f"exec(command={EXAMPLES / (name + '.py')})"
    results = backfire.run("quick", attackers=[2], defenders=[defender], store=store, settings=SMALL)
    own = results.df[results.df["defender"] == defender]
    assert len(own) == 2, results.summary["missing"]
    assert own["clean_accuracy"].iloc[0] > 0.2, "better than guessing"


def test_what_jobs_get_and_how_they_fail(tmp_path: Path, store: Path) -> None:
    defenders = {}
    for name, text in JOBS.items():
        path = tmp_path / f"{name}.py"
        path.write_text(f"from backfire import Job\n{text}\n")
        more = {"knows": " owners=true", "slow": " limit=1"}.get(name, "")
        defenders[name] = f"exec(command={path}{more})"
    results = backfire.run("quick", attackers=[2], defenders=defenders.values(), store=store, settings=SMALL)
    done = set(results.df["defender"])
    assert {name for name, defender in defenders.items() if defender in done} == {"owners", "knows"}


def test_reasons(tmp_path: Path, store: Path) -> None:
    reasons = {
        "nan": "has NaN for probe 0 and class 0",
        "short": "predictions.bin has 1 classes for",
        "none": "it left no answer",
        "crash": "ended with exit status 1: out of ideas",
        "slow": "did not end within 1s",
    }
    from backfire._program import events

    for name, reason in reasons.items():
        path = tmp_path / f"{name}.py"
        path.write_text(f"from backfire import Job\n{JOBS[name]}\n")
        limit = " limit=1" if name == "slow" else ""
        arguments = ["run", "--preset", "quick", "--attackers", "2", "--store", str(store), "--defenders", f"exec(command={path}{limit})"]
        for key, value in SMALL.items():
            arguments += ["--set", f"{key}={value}"]
        failures = [event["error"] for event in events(*arguments) if event["event"] == "failed"]
        assert any(reason in failure for failure in failures), (name, failures)


def test_a_missing_program_is_refused(store: Path) -> None:
    with pytest.raises(backfire.BackfireError, match="no such file"):
        backfire.run("quick", defenders=["exec(command=./nowhere.py)"], store=store, settings=SMALL)
