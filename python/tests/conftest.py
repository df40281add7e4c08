"""A small run that the tests share. The program is the one that BACKFIRE names, or that of the installed wheel."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import backfire

os.environ.setdefault("BACKFIRE_PYTHON", sys.executable)
ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "python" / "examples"
SMALL = {"pool.size": 1000, "train.epochs": 2, "model.width": 4, "workers": 1}


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="session")
def played(store: Path) -> backfire.Results:
    return backfire.run("quick", attackers=[2], store=store, settings=SMALL)
