"""Counts the votes of a stored game anew, with their certificates."""

from __future__ import annotations

import itertools
from typing import Any, Sequence

import numpy as np

from measures import Measures
from results import Result, compare

MOST_MODELS = 6  # up to which the certificate of a run-off is searched

Rankings = Sequence[Sequence[int]]  # by model: all classes, the most probable first


def best(votes: list[int], classes: Sequence[int]) -> int:
    """Returns the class with the most votes, of equals the lowest."""
    return max(classes, key=lambda c: (votes.count(c), -c))


def answer(rule: str, rankings: Rankings) -> int:
    votes, classes = [r[0] for r in rankings], range(len(rankings[0]))
    first = best(votes, classes)
    if rule == "majority" or len(classes) == 1:
        return first
    second = best(votes, [c for c in classes if c != first])
    return best([next(c for c in r if c in (first, second)) for r in rankings], (first, second))


def certificate(rule: str, rankings: Rankings) -> int | None:
    """Returns the largest number of models that cannot change the answer: it tries all
    choices of t models that put one class first, or in a run-off some of them one class
    and the others another, which is the most that they can do. None: too many models."""
    if rule != "majority" and len(rankings) > MOST_MODELS:
        return None
    now, classes = answer(rule, rankings), range(len(rankings[0]))
    if len(classes) == 1:
        return len(rankings)
    tops = {c: [c, *(other for other in classes if other != c)] for c in classes}
    others = [c for c in classes if c != now]
    for t in itertools.count(1):
        for changed in itertools.combinations(range(len(rankings)), t):
            kept = [r for i, r in enumerate(rankings) if i not in changed]
            for a, b in itertools.combinations_with_replacement(others, 2):
                for split in range(1 if a == b or rule == "majority" else t):
                    if answer(rule, [*kept, *[tops[a]] * (t - split), *[tops[b]] * split]) != now:
                        return t - 1
    raise AssertionError("all models together can change every answer")


def check(game: dict[str, Any], voters: list[Result]) -> str:
    """Checks the figures of a vote by the stored rankings of its models."""
    first, vote = voters[0], game["vote"]
    classes = first.cell["data"]["classes"]
    kind = np.uint8 if len(classes) <= 256 else np.dtype("<u2")
    stored = [np.frombuffer((v.directory / "rankings.bin").read_bytes(), dtype=kind).reshape(-1, len(classes)).tolist() for v in voters]
    probes = list(zip(*stored))
    for voter, rankings in zip(voters, stored):
        compare(f"{voter.hash[:12]}: the first classes of rankings.bin", [r[0] for r in rankings], voter.measures.predicted.tolist())
    searched = []
    for outcome in vote["rules"]:
        rule = outcome["rule"]
        answers = np.array([answer(rule, p) for p in probes], dtype=np.int64)
        measures = Measures(first.game, classes, answers)
        compare(f"{rule}: clean_accuracy", outcome["clean_accuracy"], measures.clean)
        if rule == vote["rule"]:
            compare("clean_accuracy", game["clean_accuracy"], measures.clean)
            for attacker, derived in zip(game["attackers"], measures.attackers):
                names = ("asr", "base_rate", "robustness", "lift")
                compare(f"attacker {attacker['id']}", {n: attacker[n] for n in names}, {n: derived[n] for n in names})
        certificates = [certificate(rule, p) for p in probes]
        if None in certificates:
            continue
        searched.append(rule)
        compare(f"{rule}: certified", len(outcome["certified"]), max(c or 0 for c in certificates) + 1)
        for t, certified in enumerate(outcome["certified"]):
            wrong = (measures.labels() + 1) % len(classes)
            covered = Measures(first.game, classes, np.where(np.array(certificates) >= t, answers, wrong))
            robust = [a["robustness"] for a in covered.attackers]
            sums = {key: sum(r[key] for r in robust) for key in ("hits", "of")}
            compare(f"{rule}: certified for {t}", certified["clean"], covered.clean)
            compare(f"{rule}: certified for {t}: robust", {key: certified["robust"][key] for key in sums}, sums)
    return f"the votes of {len(voters)} models; certificates searched: {', '.join(searched) or 'none'}"
