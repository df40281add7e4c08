"""Finds and starts the programs of this package."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path


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
    if not environ.get("LIBTORCH") and (Path(__file__).parent / "bin").is_dir():
        spec = importlib.util.find_spec("torch")
        if spec is not None and spec.origin is not None:
            environ["LIBTORCH"] = str(Path(spec.origin).parent)
    return environ


def main() -> None:
    """Replaces this process by the program backfire, with the same arguments."""
    try:
        path = program()
    except NotFoundError as error:
        sys.exit(str(error))
    os.execve(path, [str(path), *sys.argv[1:]], environment())
