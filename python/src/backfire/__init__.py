"""Plays, scores and reports multi-agent backdoor games.

run and sweep call the program and return Results: .df is a pandas DataFrame, .models are Models with .torch(),
.triggers, .training_set() and .heldout(). Job is the side of a defense of your own. docs/python.md is the manual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backfire._program import BackfireError, NotFoundError
from backfire._results import DEFENDER, Images, Model, Results
from backfire._run import results, run, sweep
from backfire.job import Job

if TYPE_CHECKING:
    from backfire._network import ResNet18

__all__ = [
    "DEFENDER",
    "BackfireError",
    "Images",
    "Job",
    "Model",
    "NotFoundError",
    "ResNet18",
    "Results",
    "results",
    "run",
    "sweep",
]


def __getattr__(name: str) -> Any:
    # PyTorch takes a second to import, which only some programs need.
    if name == "ResNet18":
        from backfire._network import ResNet18

        return ResNet18
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
