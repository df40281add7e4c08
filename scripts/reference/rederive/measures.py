"""The measures of a game, counted from predictions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from game import ALL_TO_ALL, SOURCE_SPECIFIC, Agent, Game, wanted

CONFIDENCE = 0.95
SUCCESS_LIFT = 0.5


def rate(hits: int, of: int) -> dict[str, Any]:
    return {"hits": int(hits), "of": int(of), "rate": int(hits) / int(of) if of else None}


def difference(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def quantile_t(level: float, freedom: int) -> float:
    """Returns the two-sided quantile of Student's t by the sums that hold for a whole
    number of degrees of freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4)."""

    def within(t: float) -> float:
        angle = math.atan(t / math.sqrt(freedom))
        cosine, total, term = math.cos(angle), 0.0, 1.0
        odd = freedom % 2
        for i in range(1 + odd, freedom, 2):
            total += term
            term *= i / (i + 1) * cosine * cosine
        if odd:
            return 2 / math.pi * (angle + math.sin(angle) * cosine * total)
        return math.sin(angle) * total

    low, high = 0.0, 1e9
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if within(middle) < level else (low, middle)
    return low


def summary(values: list[float | None]) -> dict[str, Any]:
    """Returns mean, population standard deviation and 95 % interval over attackers."""
    known = [value for value in values if value is not None]
    n = len(known)
    result: dict[str, Any] = {"n": n, "undefined": len(values) - n, "mean": None, "std": None, "ci95": None}
    if n == 0:
        return result
    mean = math.fsum(known) / n
    squares = math.fsum((value - mean) ** 2 for value in known)
    result.update(mean=mean, std=math.sqrt(squares / n))
    if n > 1:
        result["ci95"] = quantile_t(CONFIDENCE, n - 1) * math.sqrt(squares / (n - 1) / n)
    return result


def chance(labels: np.ndarray, classes: int) -> dict[str, Any]:
    """Returns the highest accuracy that counts as chance: the larger one of the 99 %
    quantile of uniform guesses and of the share of the most frequent class."""
    n, k = len(labels), 0
    total = (classes - 1) ** n  # the probability of at most k hits, in units of classes**-n
    while 100 * total < 99 * classes**n:
        k += 1
        total += math.comb(n, k) * (classes - 1) ** (n - k)
    return rate(max(k, int(np.bincount(labels).max())), n)


class Measures:
    """The measures that a result holds, counted anew."""

    def __init__(self, game: Game, classes: list[str], predicted: np.ndarray) -> None:
        self.game, self.classes = game, classes
        groups: dict[tuple[int, bool], list[int]] = {}
        sources = []
        for at, probe in enumerate(game.probes()):
            groups.setdefault((probe.owner, probe.stamped), []).append(at)
            sources.append(probe.source)
        if len(sources) != len(predicted):
            raise ValueError(f"predictions.bin has {len(predicted)} classes, the game {len(sources)} probes")
        self._labels, self.predicted = game.dataset.labels[sources].astype(int), predicted
        self._groups = {key: np.array(members) for key, members in groups.items()}
        self.clean = self._correct(self._groups[game.defender.id, False])
        self.chance = chance(self._labels[self._groups[game.defender.id, False]], len(classes))
        self.attackers = [self._attacker(position) for position in range(len(game.attackers))]
        self.cross = [[self._cross(a, b) for b in game.attackers] for a in game.attackers]
        self.honest = [self._honest(agent) for agent in game.honest]

    def labels(self) -> np.ndarray:
        """Returns the true label of each probe."""
        labels: np.ndarray = self._labels.astype(np.int64)
        return labels

    def _without(self, probes: np.ndarray, target: int | None) -> np.ndarray:
        """Returns the probes that count: where the rules say so, without those whose
        true label is the target."""
        if target is None or not self.game.rules["exclude_target_class"]:
            return probes
        kept: np.ndarray = probes[self._labels[probes] != target]
        return kept

    def _counted(self, probes: np.ndarray, rules: dict[str, Any]) -> np.ndarray:
        """Returns the probes that count for an attacker."""
        if rules.get("mapping") == ALL_TO_ALL:
            return probes
        if rules.get("mapping") == SOURCE_SPECIFIC:
            return probes[np.isin(self._labels[probes], rules["sources"])]
        return self._without(probes, rules["target"])

    def _correct(self, probes: np.ndarray) -> dict[str, Any]:
        return rate((self.predicted[probes] == self._labels[probes]).sum(), len(probes))

    def _as_wanted(self, probes: np.ndarray, rules: dict[str, Any]) -> dict[str, Any]:
        probes = self._counted(probes, rules)
        return rate((self.predicted[probes] == wanted(rules, self._labels[probes], len(self.classes))).sum(), len(probes))

    def _cross(self, a: Agent, b: Agent) -> dict[str, Any]:
        assert b.attack
        return self._as_wanted(self._groups[a.id, True], b.attack)

    def _attacker(self, position: int) -> dict[str, Any]:
        agent = self.game.attackers[position]
        rules = agent.attack
        assert rules
        stamped, plain, target = self._groups[agent.id, True], self._groups[agent.id, False], rules["target"]
        if self.game.rules["denominator"] == "pooled":
            others = [self._groups[a.id, False] for a in self.game.attackers if a is not agent]
            stamped, plain = np.concatenate([stamped, *others]), np.concatenate([plain, *others])
        asr, base = self._as_wanted(stamped, rules), self._as_wanted(plain, rules)
        trigger = self.game.triggers.get(agent.id)
        result = {
            "id": agent.id, "target": target, "p0": rules["p0"], "p1": rules["trigger"]["p1"], "p2": rules["trigger"]["p2"],
            "trigger": trigger.name() if trigger else "", "contributed": len(agent.contributed), "budget": agent.budget,
            "poisoned": len(agent.poisoned), "held_out": len(agent.held_out), "asr": asr, "base_rate": base,
            "robustness": self._correct(self._counted(stamped, rules)), "lift": difference(asr["rate"], base["rate"]),
            "label": self.classes[target], "randomness": self._randomness(agent),
        }  # fmt: skip
        result.update({key: rules[key] for key in ("colludes", "mapping", "sources") if key in rules})
        if rules.get("mapping") == ALL_TO_ALL:
            result["target"], result["label"] = None, ""  # each class has a target of its own
        if "sources" in rules:
            result["source_labels"] = [self.classes[label] for label in rules["sources"]]
        return result

    def _randomness(self, agent: Agent) -> dict[str, float | None]:
        """Returns the total-variation distances of the predictions for an attacker's
        stamped images from uniform ones and from those for the same images unstamped."""

        def shares(stamped: bool) -> np.ndarray:
            predicted = self.predicted[self._groups[agent.id, stamped]]
            return np.bincount(predicted, minlength=len(self.classes)) / len(predicted)

        uniform = np.full(len(self.classes), 1 / len(self.classes))
        return {name: float(np.abs(shares(True) - other).sum() / 2) for name, other in (("uniform", uniform), ("unstamped", shares(False)))}

    def _honest(self, agent: Agent) -> dict[str, Any]:
        accuracy = self._correct(self._groups[agent.id, False])
        return {"id": agent.id, "contributed": len(agent.contributed), "held_out": len(agent.held_out), "accuracy": accuracy}

    def collapsed(self) -> bool:
        return bool(self.clean["hits"] <= self.chance["hits"])

    def summaries(self) -> dict[str, dict[str, Any]]:
        return summaries(self.attackers)


def summaries(attackers: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Returns the summaries over attackers of a result or of a game in a table."""
    rates = {name: summary([a[name]["rate"] for a in attackers]) for name in ("asr", "base_rate", "robustness")}
    return {**rates, "lift": summary([a["lift"] for a in attackers])}
