"""Stored texts: the YAML of cells, and canonical JSON with its SHA-256."""

from __future__ import annotations

import copy
import hashlib
import json
import re
import struct
from decimal import Decimal
from pathlib import Path
from typing import Any

KEY = re.compile(r"([A-Za-z0-9_]+):(?: (.*))?$")
INTEGER = re.compile(r"[-+]?\d+$")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$")
PAIRS = b"backfire pairs\x001"  # the beginning of pairs.bin, with its version
WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "[]": [], "{}": {}}


class Digits(str):
    """A JSON number as it is written."""


def parse_yaml(text: str) -> Any:
    """Parses block YAML as cells are written: maps with plain keys, lists and scalars
    on one line each. It raises ValueError for anything else."""
    lines = [(len(line) - len(line.lstrip(" ")), line.strip()) for line in text.splitlines() if line.strip()]
    value, end = block(lines, 0)
    if end != len(lines):
        raise ValueError(f"line {end + 1} of the YAML is out of place: {lines[end][1]}")
    return value


def block(lines: list[tuple[int, str]], at: int) -> tuple[Any, int]:
    """Parses the map or list that begins at a line. Returns the line behind it, too."""
    indent = lines[at][0]
    items: list[Any] = []
    entries: dict[str, Any] = {}
    listed = lines[at][1].startswith("- ")
    while at < len(lines) and lines[at][0] == indent and lines[at][1].startswith("- ") == listed:
        text = lines[at][1]
        if listed:
            rest = text[2:].strip()
            if KEY.match(rest):
                lines[at] = (indent + 2, rest)
                value, at = block(lines, at)
            else:
                value, at = scalar(rest), at + 1
            items.append(value)
            continue
        found = KEY.match(text)
        if not found:
            raise ValueError(f"line {at + 1} of the YAML is neither a key nor an item: {text}")
        at += 1
        if found[2]:
            value = scalar(found[2])
        elif at < len(lines) and lines[at][0] > indent:
            value, at = block(lines, at)
        else:
            value = None
        entries[found[1]] = value
    return (items if listed else entries), at


def scalar(text: str) -> Any:
    if text in WORDS:
        return copy.copy(WORDS[text])
    if text.startswith('"'):
        return json.loads(text)
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if INTEGER.match(text):
        return int(text)
    return float(text) if NUMBER.match(text) else text


def number(value: float) -> str:
    """Returns a number as canonical JSON has it: the shortest digits that give the same
    float64, with an exponent below 1e-6 and from 1e21 on."""
    if isinstance(value, int):
        return str(value)
    exact = Decimal(repr(value))
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        text = f"{exact:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    digits, exponent = f"{exact.normalize():e}".lower().split("e")
    return f"{digits}e{int(exponent):+d}"


def canonical(value: Any) -> str:
    """Returns canonical JSON: sorted keys, no white space, <, > and & escaped."""
    if isinstance(value, dict):
        return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, Digits):
        return value
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return number(value)
    text = json.dumps(value, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def digest(value: Any) -> str:
    """Returns the SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def read_digits(path: Path) -> Any:
    """Reads JSON and keeps each number as it is written."""
    return json.loads(path.read_text(encoding="utf-8"), parse_int=Digits, parse_float=Digits)


def without(value: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: kept for key, kept in value.items() if key not in keys}


def read_pairs(path: Path) -> dict[str, Any]:
    """Reads the cross-trigger matrix and the overlaps of a result of many attackers, as result.json has those of few."""
    data, at = path.read_bytes(), len(PAIRS)
    if data[:at] != PAIRS:
        raise ValueError(f"{path}: not a file of pairs")

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def rate() -> dict[str, Any]:
        hits, of = number(), number()
        return {"hits": hits, "of": of, "rate": hits / of if of else None}

    n = number()
    cross = [[rate() for _ in range(n)] for _ in range(n)]
    overlaps = []
    for _ in range(number()):
        a, b, shared, equal, union, declared = (number() for _ in range(6))
        overlap = {"a": a, "b": b, "shared": shared, "equal": equal, "union": union}
        overlap["jaccard"] = struct.unpack_from("<d", data, at)[0]
        at += 8
        overlaps.append(overlap | ({"declared": True} if declared else {}))
    if at != len(data):
        raise ValueError(f"{path}: bytes behind the pairs")
    return {"cross": cross, "overlaps": overlaps}
