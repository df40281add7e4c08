"""The version of the package: that of the programs in it, as Python writes versions."""

import os
import re
from pathlib import Path


def version() -> str:
    """Returns BACKFIRE_VERSION or else the version that package buildinfo declares, by PEP 440."""
    text = os.environ.get("BACKFIRE_VERSION", "")
    if not text:
        source = Path(__file__).parent.parent / "internal" / "buildinfo" / "buildinfo.go"
        match = re.search(r'const Unreleased = "([^"]+)"', source.read_text())
        if match is None:
            raise ValueError(f"{source} declares no version")
        text = match.group(1)
    release, _, rest = text.removeprefix("v").partition("-")
    return release + (".dev0" if rest else "")
