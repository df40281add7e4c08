"""Finds and starts the programs of this package."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class NotFoundError(RuntimeError):
    """The program backfire is not there."""


def program() -> Path:
    """Returns the path of the program backfire.

    That is the file that the environment variable BACKFIRE names, the program in this package, or the one on
    the search path. Raises NotFoundError.
    """
    named = os.environ.get("BACKFIRE")
    if named:
        return Path(named)
    own = Path(__file__).parent / "bin" / "backfire"
    if own.is_file():
        return own
    # In a clone the package has no programs; the search path may have this package's own script.
    found = shutil.which("backfire")
    if found is not None and Path(found).resolve().parent != Path(sys.executable).resolve().parent:
        return Path(found)
    raise NotFoundError("backfire: this package has no programs: install the wheel, or name the program with BACKFIRE=FILE")


def environment() -> dict[str, str]:
    """Returns the environment of the program, with LIBTORCH naming the torch that Python would import."""
    environ = dict(os.environ)
    environ.setdefault("BACKFIRE_PYTHON", sys.executable)  # for programs in Python that take a defense's place
    if not environ.get("LIBTORCH") and (Path(__file__).parent / "bin").is_dir():
        spec = importlib.util.find_spec("torch")
        if spec is not None and spec.origin is not None:
            environ["LIBTORCH"] = str(Path(spec.origin).parent)
    return environ


class BackfireError(RuntimeError):
    """The program ended with an error; the text is its own sentence."""


def call(*arguments: str) -> str:
    """Runs the program to its end and returns its standard output. Raises BackfireError."""
    done = subprocess.run([str(program()), *arguments], env=environment(), capture_output=True, text=True)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise BackfireError(lines[-1] if lines else f"backfire ended with exit code {done.returncode}")
    return done.stdout


def events(*arguments: str) -> Iterator[dict[str, Any]]:
    """Runs the program with --json and yields its events. Raises BackfireError where it fails.

    A run of which some models failed (exit code 3) is no failure of the program: its table names them.
    """
    failed_models = 3
    with subprocess.Popen(
        [str(program()), *arguments, "--json"], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        errors: list[str] = []
        reader = threading.Thread(target=lambda: errors.extend(process.stderr or ()), daemon=True)
        reader.start()
        try:
            for line in process.stdout:
                event: dict[str, Any] = json.loads(line)
                yield event
        except BaseException:
            process.terminate()  # as Ctrl-C does: finished models stay stored
            raise
        code = process.wait()
        reader.join()
    if code not in (0, failed_models):
        raise BackfireError(errors[-1].strip() if errors else f"backfire ended with exit code {code}")


def main() -> None:
    """Replaces this process by the program backfire, with the same arguments."""
    try:
        path = program()
    except NotFoundError as error:
        sys.exit(str(error))
    os.execve(path, [str(path), *sys.argv[1:]], environment())
