"""Derives stored games anew and compares: deal, triggers, poisoned images and measures
of each result, and the comparisons in the tables that name it.

    python scripts/reference/rederive [--data DIR] STORE [CELL ...]

CELL is the name of a result in the store or its beginning; without one, all results
are checked. Each check prints a line. The exit code is 1 at the first difference, and 2
where a result cannot be checked. Needs NumPy. The images of the program itself are
found beside this script; --data names the directory of others, in the files of MNIST,
Fashion-MNIST or the binary version of CIFAR-10.

The script shares no code with the program and reads nothing but stored files and
images. docs/results-format.md describes the files.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any, Iterator
from zipfile import BadZipFile

import images
from documents import canonical
from images import Dataset, Unavailable
from results import Check, Difference, Result
from tables import Tables


class Store:
    """The results of a store, each derived once."""

    def __init__(self, directory: Path, data: Path | None) -> None:
        self.directory, self._data = directory, data
        self._sets: dict[str, Dataset] = {}
        self.result = lru_cache(maxsize=None)(self._result)

    def _result(self, cell: str) -> Result | None:
        """Returns the result of a cell; None if it is not stored."""
        directory = self.directory / cell
        return Result(directory, self._dataset) if (directory / "result.json").exists() else None

    def _dataset(self, data: dict[str, Any]) -> Dataset:
        key = canonical(data)
        if key not in self._sets:
            self._sets[key] = images.load(data, self._data)
        return self._sets[key]

    def cells(self, beginnings: list[str]) -> list[str]:
        """Returns the names of the results that begin so."""
        names = sorted(path.parent.name for path in self.directory.glob("*/cell.yaml") if not path.parent.name.startswith("."))
        chosen = [name for name in names if not beginnings or name.startswith(tuple(beginnings))]
        if not chosen:
            raise Unavailable(f"{self.directory} has no such result")
        return chosen


def run(store: Store, cells: list[str]) -> Iterator[tuple[str, Check]]:
    """Yields the checks of results and then those of the tables that name them, each
    with the place that it is about."""
    for cell in store.cells(cells):
        if result := store.result(cell):
            yield from ((cell[:12], check) for check in result.checks())
            result.forget()
    yield from (("tables", check) for check in Tables(store.directory, store.result).checks(store.cells(cells)))


def main() -> int:
    parser = argparse.ArgumentParser(prog="rederive", description="Derives stored games anew and compares.")
    parser.add_argument("--data", type=Path, metavar="DIR", help="directory of the images; default: those of the program")
    parser.add_argument("store", type=Path, metavar="STORE")
    parser.add_argument("cells", nargs="*", metavar="CELL", help="name of a result or its beginning; default: all")
    arguments = parser.parse_args()
    count, about = 0, str(arguments.store)
    try:
        for place, (name, check) in run(Store(arguments.store, arguments.data), arguments.cells):
            about = f"{place}  {name}"
            found = check()
            if found is not None:
                count += 1
                print(f"{about}: {found}")
    except Difference as difference:
        print(f"{about}: DIFFERENT: {difference}")
        return 1
    except (Unavailable, OSError, ValueError, KeyError, IndexError, BadZipFile, zlib.error) as error:
        print(f"{about}: cannot be checked: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print(f"{count} checks, no difference")
    return 0


if __name__ == "__main__":
    sys.exit(main())
