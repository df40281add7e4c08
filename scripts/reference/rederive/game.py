"""The game of a cell: who owns, contributes, holds out and poisons which image, and
with which trigger."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Iterator

import numpy as np

from images import Dataset, Unavailable
from orthogonal import member
from streams import Stream
from triggers import Trigger, draw, rounded

DEFENDER = -1  # the owner of the defender's images
NONE = -1  # no trigger, no simulated attacker
LARGE_OVERLAP = 0.5
ORTHOGONAL = "orthogonal"

# The settings that are derived from; others may change what they mean.
KNOWN = {
    "seed", "trigger_seed", "pool_size", "defender_share", "held_out", "seats", "attackers",
    "sampling", "jitter", "exclude_target_class", "denominator",
    "id", "target", "p0", "budget", "trigger", "draw", "label_mode", "colludes",
    "kind", "pixels", "p1", "p2", "range",
}  # fmt: skip


@dataclass
class Agent:
    """An agent with its images, as indices into the dataset."""

    id: int  # DEFENDER, or the attacker's or honest contributor's ID
    contributed: list[int]
    held_out: list[int]
    attack: dict[str, Any] | None = None  # the attacker's part of the rules
    budget: int = 0
    poisoned: set[int] = field(default_factory=set)  # positions in contributed


@dataclass
class Row:
    """An image of the training set."""

    source: int
    owner: int
    trigger: int
    old: int
    new: int
    simulated: int = NONE


@dataclass
class Probe:
    """An image that the model predicts."""

    source: int
    owner: int
    stamped: bool


_orders: dict[tuple[int, int], list[int]] = {}  # by dataset and seed


def pool_order(dataset: Dataset, seed: int) -> list[int]:
    """Returns all images in a random order that takes one of each class in turn."""
    key = id(dataset), seed
    if key not in _orders:
        turns = []
        for label in Stream(seed, "pool").permutation(dataset.classes):
            images = np.flatnonzero(dataset.labels == label).tolist()
            Stream(seed, "pool", label).shuffle(images)
            turns.append(images)
        longest = max(map(len, turns))
        _orders[key] = [images[depth] for depth in range(longest) for images in turns if depth < len(images)]
    return _orders[key]


class Game:
    """The game of a cell, dealt from its seeds."""

    def __init__(self, cell: dict[str, Any], dataset: Dataset) -> None:
        self.rules, self.dataset, self.shape = cell["game"], dataset, cell["data"]["shape"]
        attackers = self.rules["attackers"]
        settings = set(self.rules).union(*attackers, *(a["trigger"] for a in attackers))
        if unknown := settings - KNOWN:
            raise Unavailable(f"the game has settings that are not known here: {', '.join(sorted(unknown))}")
        self.seed = self.rules["seed"]
        self.trigger_seed = self.rules.get("trigger_seed", self.seed)
        self.per_image = self.rules["sampling"] == "per_image"
        self.jitter = self.rules.get("jitter", 0)
        self.seats: list[Agent] = []
        self._deal()
        self.attackers = [next(a for a in self.seats if a.attack is rules) for rules in self.rules["attackers"]]
        self.honest = [agent for agent in self.seats if agent.attack is None]
        self.triggers: dict[int, Trigger] = {}
        if not self.per_image:
            self.triggers = {a.id: self._trigger(a.attack) for a in self.attackers if a.attack}
        self.kept = {a.id: self._kept(a.attack) for a in self.attackers if a.attack and self.jitter}

    def _deal(self) -> None:
        """Deals the pool: each seat draws its images from the deck in turn, and the
        defender gets the rest."""
        rules, deck = self.rules, pool_order(self.dataset, self.seed)[: self.rules["pool_size"]]
        attackers, seats = rules["attackers"], rules.get("seats", 0)
        by_seat = {a["id"]: a for a in attackers} if seats else dict(enumerate(attackers))
        seats = seats or len(attackers)
        rest = len(deck) - rounded(rules["defender_share"] * len(deck))
        stream = Stream(self.seed, "deal")
        for seat in range(seats):
            size = rest // seats + (seat < rest % seats)
            for last in range(len(deck) - 1, len(deck) - 1 - size, -1):
                chosen = stream.below(last + 1)
                deck[chosen], deck[last] = deck[last], deck[chosen]
            attack = by_seat.get(seat)
            agent = self._split(attack["id"] if attack else seat, 1 + seat, deck[len(deck) - size :])
            del deck[len(deck) - size :]
            if attack:
                self._poison(agent, attack)
            self.seats.append(agent)
        self.defender = self._split(DEFENDER, 0, deck)

    def _split(self, owner: int, stream: int, images: list[int]) -> Agent:
        Stream(self.seed, "split", stream).shuffle(images)
        held_out = rounded(self.rules["held_out"] * len(images))
        return Agent(owner, images[held_out:], images[:held_out])

    def _poison(self, agent: Agent, attack: dict[str, Any]) -> None:
        """Chooses the poisoned images: with dirty labels p0 of all contributed ones, from
        those of other classes than the target, or from all with the budget "any"; with
        clean labels p0 of the target's."""
        clean = attack["label_mode"] == "clean"
        labels = self.dataset.labels[agent.contributed]
        allowed = (labels == attack["target"]) == clean
        candidates = np.flatnonzero(allowed | (attack.get("budget") == "any")).tolist()
        agent.attack = attack
        agent.budget = rounded(attack["p0"] * len(candidates if clean else agent.contributed))
        order = Stream(self.seed, "poison", attack["id"]).permutation(len(candidates))
        agent.poisoned = {candidates[i] for i in order[: agent.budget]}

    def _trigger(self, attack: dict[str, Any]) -> Trigger:
        if attack["trigger"].get("kind") == ORTHOGONAL:
            return member(self.shape, attack["trigger"], Stream(self.trigger_seed, "orthogonal triggers"), leader(attack))
        return draw(self.shape, attack["trigger"], Stream(self.trigger_seed, "trigger", *trigger_index(attack)))

    def _kept(self, attack: dict[str, Any]) -> Trigger:
        """Returns the part of an attacker's trigger that all of its images carry."""
        trigger = self.triggers[attack["id"]]
        n = trigger.pixels()
        return trigger.part(n - rounded(self.jitter * n), Stream(self.trigger_seed, "trigger jitter", *trigger_index(attack)))

    def trigger_of(self, agent: Agent, source: int) -> Trigger:
        """Returns the trigger that an attacker stamps on an image: its own, one that is
        drawn for the image, or with jitter a part of each."""
        trigger = self.triggers.get(agent.id)
        if trigger and not self.jitter:
            return trigger
        assert agent.attack
        drawn = draw(self.shape, agent.attack["trigger"], Stream(self.trigger_seed, "trigger image", agent.id, source))
        if not trigger:
            return drawn
        order = Stream(self.trigger_seed, "trigger jitter image", agent.id, source)
        return self.kept[agent.id].joined(drawn.part(rounded(self.jitter * drawn.pixels()), order))

    def stamped(self, agent: Agent, source: int) -> np.ndarray:
        """Returns an image with the trigger of an attacker."""
        return self.trigger_of(agent, source).stamped(self.dataset.images[source])

    def training(self) -> tuple[list[Row], np.ndarray]:
        """Returns the rows of the training set without a defense, and their images."""
        rows, images = [], []
        for agent in [self.defender, *self.seats]:
            for at, source in enumerate(agent.contributed):
                label = int(self.dataset.labels[source])
                row, image = Row(source, agent.id, NONE, label, label), self.dataset.images[source]
                if at in agent.poisoned and agent.attack:
                    row.trigger, row.new, image = agent.id, agent.attack["target"], self.stamped(agent, source)
                rows.append(row)
                images.append(image)
        return rows, np.stack(images)

    def probes(self) -> Iterator[Probe]:
        """Yields the images of predictions.bin in their order."""
        for agents, stamped in (([self.defender], False), (self.attackers, False), (self.attackers, True), (self.honest, False)):
            for agent in agents:
                for source in agent.held_out:
                    yield Probe(source, agent.id, stamped)

    def overlaps(self) -> list[dict[str, Any]]:
        """Returns the pairs of attackers whose triggers share at least half of their
        pixels, except for orthogonal ones, which do by design."""
        pairs, rules = [], self.rules["attackers"]
        for at, b in enumerate(rules if self.triggers else []):
            for a in rules[:at]:
                overlap = self.triggers[a["id"]].overlap(self.triggers[b["id"]])
                agreed = a["trigger"].get("kind") == b["trigger"].get("kind") == ORTHOGONAL
                if overlap["jaccard"] >= LARGE_OVERLAP and not agreed:
                    shared = leader(a) == leader(b)
                    pairs.append({"a": a["id"], "b": b["id"], **overlap, **({"declared": True} if shared else {})})
        return pairs


def trigger_index(attack: dict[str, Any]) -> list[int]:
    """Returns the index of the stream of an attacker's trigger."""
    draws = attack.get("draw", 0)
    return [leader(attack), draws] if draws else [leader(attack)]


def leader(attack: dict[str, Any]) -> int:
    """Returns the ID of the attacker whose trigger and target an attacker uses."""
    return int(attack.get("colludes", attack["id"]))


@lru_cache
def random_label(seed: int, attacker: int, classes: int) -> int:
    """Returns the target label that an attacker draws at random."""
    return Stream(seed, "label", attacker).below(classes)
