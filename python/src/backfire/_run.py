"""Plays games by the program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from backfire._program import BackfireError, events
from backfire._progress import Progress
from backfire._results import Results

Setting = str | int | float | bool | Iterable[Any]


def text(value: Setting) -> str:
    """Returns a setting in the notation of the command line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    return ",".join(text(item) for item in value)


def run(
    preset: str | None = None,
    *,
    attackers: Iterable[int] | None = None,
    defenders: Iterable[str] | None = None,
    dataset: str | None = None,
    seeds: int = 1,
    seed: int | None = None,
    store: str | Path = "runs",
    config: str | Path | None = None,
    settings: Mapping[str, Setting] | None = None,
    progress: bool = True,
) -> Results:
    """Plays one configuration, as "backfire run" does, and returns what it left.

    Models that the store has are not trained again. settings sets any key of docs/config.md, such as
    {"train.epochs": 3}. Raises BackfireError with the program's sentence.
    """
    arguments = ["run", "--store", str(store), "--seeds", str(seeds)]
    for flag, value in (("preset", preset), ("attackers", attackers), ("dataset", dataset), ("seed", seed), ("config", config)):
        if value is not None:
            arguments += [f"--{flag}", str(value) if isinstance(value, Path) else text(value)]
    if defenders is not None:
        arguments += ["--defenders", text(defenders)]
    return _play(arguments, store, settings or {}, progress)


def sweep(
    file: str | Path | Mapping[str, Any],
    *,
    preset: str | None = None,
    dataset: str | None = None,
    seeds: int = 1,
    store: str | Path = "runs",
    settings: Mapping[str, Setting] | None = None,
    progress: bool = True,
) -> Results:
    """Plays a sweep, as "backfire sweep" does: the path of a YAML file, or its content (docs/tables.md)."""
    if isinstance(file, Mapping):
        path = Path(store) / "sweeps" / "python.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"name": "python", **file}))  # which is YAML
        file = path
    arguments = ["sweep", str(file), "--store", str(store), "--seeds", str(seeds)]
    for flag, value in (("preset", preset), ("dataset", dataset)):
        if value is not None:
            arguments += [f"--{flag}", value]
    return _play(arguments, store, settings or {}, progress)


def _play(arguments: list[str], store: str | Path, settings: Mapping[str, Setting], progress: bool) -> Results:
    for key, value in settings.items():
        arguments += ["--set", f"{key}={text(value)}"]
    shown, path = Progress(progress), None
    for event in events(*arguments):
        shown.follow(event)
        if event["event"] == "table":
            path = path or event["path"]
    shown.close()
    if path is None:
        raise BackfireError("backfire made no table")
    where = tuple(part for key in ("data.dir", "data.path") if key in settings for part in ("--set", f"{key}={text(settings[key])}"))
    return Results(Path(store), Path(path), where)


def results(path: str | Path) -> Results:
    """Returns what an earlier run left, given the path of its sweep.json."""
    path = Path(path)
    return Results(path.parent.parent.parent, path)
