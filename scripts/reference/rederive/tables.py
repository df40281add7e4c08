"""Checks of tables (sweep.json, summary.json): each game's figures, and its comparisons
with the games in which an attacker is alone or poisons nothing."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterator

import documents
import votes
from documents import digest, without
from game import Game, leader, random_label
from measures import SUCCESS_LIFT, difference, summaries
from results import Check, Difference, Result, compare
from streams import Stream

MEASURES = (
    "id", "target", "label", "mapping", "sources", "source_labels", "p0", "p1", "p2", "colludes", "trigger", "contributed", "budget", "poisoned",
    "held_out", "asr", "base_rate", "robustness", "lift",
)  # fmt: skip
COMPARISONS = ("interference", "dilution", "share_law")  # of games without a defense
# What tables of versions without matched singles lack.
FOLLOWING = {"success", "single_lift", "lone", "transfer", *COMPARISONS}


def playing(cell: dict[str, Any], **rules: Any) -> str:
    """Returns the hash of the cell with changed rules, without a defense and without
    queries. Seats that all attack are not written."""
    game = {**cell["game"], **rules}
    if game.get("seats", 0) in (0, len(game["attackers"])):
        game.pop("seats", None)
    if not game.get("contributors"):
        game.pop("contributors", None)
    return digest({**without(cell, "defense", "inquiry"), "game": game})


def lone(cell: dict[str, Any], position: int) -> str:
    """Returns the hash of the game in which an attacker owns all that the defender does
    not."""
    return playing(cell, attackers=[cell["game"]["attackers"][position]], seats=0, contributors=False)


def matched_single(cell: dict[str, Any], position: int) -> str:
    """Returns the hash of the game in which an attacker is alone with the images that it
    has: every other seat is honest. Where seats are those of the list and the IDs are
    others, there is none, and it is the lone game."""
    attackers, seats = cell["game"]["attackers"], cell["game"].get("seats", 0)
    if not seats and [a["id"] for a in attackers] != list(range(len(attackers))):
        return lone(cell, position)
    return playing(cell, attackers=[attackers[position]], seats=seats or len(attackers))


def without_attack(cell: dict[str, Any], position: int) -> str:
    """Returns the hash of the game in which an attacker poisons nothing."""
    attackers = [{**a, "p0": 0} if i == position else a for i, a in enumerate(cell["game"]["attackers"])]
    return playing(cell, attackers=attackers)


class Tables:
    """The tables of a store."""

    def __init__(self, store: Path, result: Callable[[str], Result | None]) -> None:
        self._store, self._result = store, result

    def checks(self, cells: list[str]) -> Iterator[Check]:
        """Yields the checks of all games whose cell is among the given ones."""
        for cell in cells:
            result = self._result(cell)
            if result and result.stored["run"].get("single"):
                yield f"{cell[:12]} beside single games", partial(self._singles, result)
        for path in sorted(self._store.glob("plans/*/s*.json")):
            table = documents.read_json(path)
            for point in table.get("points", [{**without(table, "rows"), "games": table.get("rows", [])}]):
                for at, game in enumerate(point["games"]):
                    if game["cell"] in cells and game["complete"]:
                        name = f"{path.parent.name[:12]} {point.get('name', '')} N = {game['n']}, {game['defender']}"
                        yield name, partial(self._game, point, at)

    def _singles(self, result: Result) -> str:
        """Checks the single games of a result. Those of earlier versions are the lone
        games."""
        known = 0
        for position, (attacker, single) in enumerate(zip(result.cell["game"]["attackers"], result.stored["run"]["single"])):
            place = f"result.json: run.single of attacker {attacker['id']}"
            compare(place, single["id"], attacker["id"])
            if single["cell"] not in (matched_single(result.cell, position), lone(result.cell, position)):
                raise Difference(f"{place} names the cell {single['cell'][:12]}, in which the attacker is not alone like that")
            other = self._result(single["cell"])
            if other and single["asr"]:
                known += 1
                compare(f"{place}: asr", single["asr"], other.attacker(attacker["id"])["asr"])
        return f"{known} of {len(result.stored['run']['single'])} stored"

    def _game(self, point: dict[str, Any], at: int) -> str:
        game = point["games"][at]
        first = self._stored(game["cell"])
        compare("seed", point["seed"], first.game.seed)
        compare("attackers", [a["id"] for a in game["attackers"]], [a["id"] for a in first.cell["game"]["attackers"]])
        if game.get("unknown"):
            return "answers without an index are not derived"
        if game.get("vote"):
            return votes.check(game, [self._stored(model) for model in game["models"][: len(game["vote"]["groups"])]])
        undefended = game["defender"] == "none"
        for position, attacker in enumerate(game["attackers"]):
            place = f"attacker {attacker['id']}"
            answering = self._stored(attacker["model"]).attacker(attacker["id"])
            names = [*MEASURES, *({"randomness"} & attacker.keys())]
            compare(place, {key: attacker.get(key) for key in names}, {key: answering.get(key) for key in names})
            self._label(point, first, attacker)
            self._draws(point, attacker, first.cell["training"].get("seed", first.game.seed))
            derived = self._comparisons(place, first.cell, position, attacker, answering["lift"], undefended)
            compare(place, {key: attacker.get(key) for key in derived}, derived)
        derived = summaries([self._stored(a["model"]).attacker(a["id"]) for a in game["attackers"]])
        compare("game", {key: game[key] for key in derived}, derived)
        self._models(point, game)
        beside = {name: sum(1 for a in game["attackers"] if a.get(name)) for name in ("single_cell", "lone", "transfer")}
        lifts = ", ".join(f"{a['interference']:+.3f}" for a in game["attackers"] if a.get("interference") is not None)
        return (
            f"{game['n']} attackers beside {beside['single_cell']} single, {beside['lone']} lone and {beside['transfer']} transfer games"
            + (f", interference {lifts}" if lifts else "")
        )

    def _stored(self, cell: str) -> Result:
        result = self._result(cell)
        if not result:
            raise Difference(f"the model {cell[:12]} is named and not stored")
        return result

    def _label(self, point: dict[str, Any], first: Result, attacker: dict[str, Any]) -> None:
        if point.get("labels") != "random":
            return
        label = random_label(first.game.trigger_seed, leader(attacker), len(point["data"]["classes"]))
        compare(f"attacker {attacker['id']}: random target", attacker["target"], label)

    def _draws(self, point: dict[str, Any], attacker: dict[str, Any], seed: int) -> None:
        """Checks the triggers that an attacker drew: the first that reaches the bound is
        kept, or else the best. They are verified by trainings with a seed that follows
        from that of the game's; in earlier versions, with that seed itself."""
        draws, bound, rates = attacker.get("draws") or [], point.get("min_single_asr", 0), []
        for draw in draws:
            place = f"attacker {attacker['id']}: draw {draw['draw']}"
            result = self._result(draw["cell"])
            if not result:
                return
            derived = result.attacker(attacker["id"])["asr"]
            alone = [{"id": a["id"], "draw": a.get("draw", 0)} for a in result.cell["game"]["attackers"]]
            compare(place, alone, [{"id": attacker["id"], "draw": draw["draw"]}])
            compare(place, draw, {**draw, "asr": derived, "collapsed": result.measures.collapsed()})
            own = result.cell["training"].get("seed")
            if own is not None or FOLLOWING & attacker.keys():
                compare(f"{place}: training.seed", own, Stream(seed, "verification").uint64())
            rates.append(-1 if draw["collapsed"] or derived["rate"] is None else derived["rate"])
        reached = [i for i, value in enumerate(rates) if value >= bound]
        kept = reached[0] if reached else max(range(len(rates)), key=lambda i: rates[i], default=0)
        for i, draw in enumerate(draws):
            compare(f"attacker {attacker['id']}: draw {i} is kept", draw["kept"], i == kept)

    def _comparisons(
        self, place: str, cell: dict[str, Any], position: int, attacker: dict[str, Any], lift: float | None, undefended: bool
    ) -> dict[str, Any]:
        """Returns the figures of an attacker that follow from other games."""
        earlier = not FOLLOWING & attacker.keys()
        derived: dict[str, Any] = {} if earlier else {"success": lift >= SUCCESS_LIFT if lift is not None else None}
        single = self._compared(
            f"{place}: single_cell", attacker.get("single_cell"), matched_single(cell, position), lone(cell, position) if earlier else ""
        )
        alone = self._other(f"{place}: lone", attacker.get("lone"), lone(cell, position), attacker["id"])
        self._other(f"{place}: transfer", attacker.get("transfer"), without_attack(cell, position), attacker["id"])
        figures = single.attacker(attacker["id"]) if single else {"asr": None, "lift": None}
        derived["single_asr"] = figures["asr"]
        if earlier:
            return derived
        derived["single_lift"] = figures["lift"]
        derived.update(dict.fromkeys(COMPARISONS))
        if undefended:
            poisoned = [(a.attack["target"], len(a.poisoned)) for a in self._stored_game(cell).attackers if a.attack]
            total = sum(n for _, n in poisoned)
            if attacker.get("single_cell") != digest(cell):  # otherwise there are no others
                derived["interference"] = difference(lift, figures["lift"])
            derived["dilution"] = difference(figures["lift"], alone["lift"]) if alone else None
            if figures["asr"] and figures["asr"]["rate"] is not None and total:
                shared = sum(n for target, n in poisoned if target == attacker["target"])
                derived["share_law"] = figures["asr"]["rate"] * shared / total
        return derived

    def _stored_game(self, cell: dict[str, Any]) -> Game:
        return self._stored(digest(cell)).game

    def _compared(self, place: str, named: str | None, expected: str, or_else: str = "") -> Result | None:
        """Returns the result of the named cell, which must be the expected or the other
        one."""
        if not named:
            return None
        if named != or_else:
            compare(place, named, expected)
        return self._result(named)

    def _other(self, place: str, stored: dict[str, Any] | None, expected: str, id: int) -> dict[str, Any] | None:
        """Checks an attacker's figures in another game and returns them."""
        if not stored:
            return None
        result = self._compared(place, stored["cell"], expected)
        derived = result.attacker(id) if result else {"asr": None, "lift": None}
        compare(place, without(stored, "cell"), {"asr": derived["asr"], "lift": derived["lift"]})
        return derived

    def _models(self, point: dict[str, Any], game: dict[str, Any]) -> None:
        """Checks the figures of a game with one model, and what a defense changes."""
        if len(game["models"]) > 1:
            return
        result = self._stored(game["cell"])
        m = result.measures
        derived = {"clean_accuracy": m.clean, "collapsed": m.collapsed()}
        if "overlaps" in game:
            derived["overlaps"] = result.game.overlaps()
        twin = next((g for g in point["games"] if g["n"] == game["n"] and g["defender"] == "none"), game)
        if twin is not game and game.get("difference"):
            other = self._stored(twin["cell"]).measures
            derived["difference"] = {
                "asr": difference(m.summaries()["asr"]["mean"], other.summaries()["asr"]["mean"]),
                "clean_accuracy": difference(m.clean["rate"], other.clean["rate"]),
            }
        compare("game", {key: game.get(key) for key in derived}, derived)
