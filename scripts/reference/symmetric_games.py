"""Writes equilibrium/testdata/games.json: answers about symmetric games from Gambit and SciPy.

    pip install pygambit==16.7.0 scipy==1.17.1
    python scripts/reference/symmetric_games.py equilibrium/testdata/games.json

The games are written with their payoffs, by profile in the order of the program (the
players move from the first strategies to the last ones) and by strategy. Gambit solves the
whole games of all players, without knowing of their symmetry. The answers are:

pure         the profiles, by counts, of all equilibria in pure strategies (enumpure)
symmetric    the mixtures of all symmetric equilibria (enummixed for two players, enumpoly for
             more and, with two strategies, the roots of a polynomial), or the one at the end of the path of logit equilibria, if "complete" is
             false
mixtures     fixed mixtures of all players with the expected payoff of each strategy against
             them and their regret
undominated  the strategies that survive the iterated elimination of strategies that are
             strictly dominated by others, from Gambit
strict       the same with dominance by mixtures, from linear programs
correlated   the smallest and the largest mean payoff of the correlated equilibria of the
             whole game, from a linear program over all outcomes
"""

import itertools
import json
import sys
from collections import Counter
from math import comb

import numpy as np
import pygambit as gbt
from numpy.polynomial import Polynomial
from scipy.optimize import linprog


def profiles(players, strategies):
    """Return all counts, the players moving from the first strategies to the last ones."""
    if strategies == 1:
        return [(players,)]
    return [(first,) + rest for first in range(players, -1, -1)
            for rest in profiles(players - first, strategies - 1)]


def counts(outcome, strategies):
    count = Counter(outcome)
    return tuple(count[s] for s in range(strategies))


def whole(players, strategies, payoff):
    """Return the payoffs of all players in all outcomes, an array per player."""
    shape = (strategies,) * players
    arrays = [np.zeros(shape) for _ in range(players)]
    for outcome in itertools.product(range(strategies), repeat=players):
        for player, strategy in enumerate(outcome):
            arrays[player][outcome] = payoff[counts(outcome, strategies)][strategy]
    return arrays


def symmetric(game, solutions, tolerance=1e-4):
    """Return the mixtures of the solutions in which all players play the same."""
    found = []
    for solution in solutions:
        rows = [[float(solution[s]) for s in player.strategies] for player in game.players]
        if solution.max_regret() > tolerance or np.ptp(np.array(rows), axis=0).max() > tolerance:
            continue
        if all(np.abs(np.array(rows[0]) - other).max() > 1e-5 for other in found):
            found.append(rows[0])
    return sorted(found, reverse=True)


def indifferent(game, players, payoff):
    """Return the mixtures of two strategies that pay the same, as far as Gambit confirms them."""
    n = players - 1
    difference = Polynomial([0])
    for k in range(players):  # of the others choose the second strategy
        gain = payoff[(n - k, k + 1)][1] - payoff[(n - k + 1, k)][0]
        difference += comb(n, k) * gain * Polynomial([0, 1]) ** k * Polynomial([1, -1]) ** (n - k)
    found = []
    for root in difference.roots():
        if abs(root.imag) < 1e-9 and 0 < root.real < 1:
            profile = uniform(game, [1 - root.real, root.real])
            if profile.max_regret() < 1e-6:
                found.append(profile)
    return found


def uniform(game, mixture):
    """Return the profile in which all players play a mixture."""
    profile = game.mixed_strategy_profile()
    for player in game.players:
        for s, strategy in enumerate(player.strategies):
            profile[strategy] = float(mixture[s])
    return profile


def solve_mixed(game, players, strategies, payoff):
    """Return the symmetric equilibria, and whether these are all."""
    if players == 2:
        return symmetric(game, gbt.nash.enummixed_solve(game, rational=False).equilibria), True
    if strategies ** players <= 32:
        solutions = gbt.nash.enumpoly_solve(game).equilibria
        if strategies == 2:
            solutions += indifferent(game, players, payoff)  # enumpoly misses some
        return symmetric(game, solutions), True
    # The path of logit equilibria keeps the players alike.
    return symmetric(game, gbt.nash.logit_solve(game, maxregret=1e-10).equilibria), False


def evaluate(game, players, strategies, rng):
    """Return fixed mixtures with the payoffs against them and their regret."""
    all_ = []
    for _ in range(3):
        mixture = rng.dirichlet(np.ones(strategies))
        profile = uniform(game, mixture)
        first = list(game.players)[0]
        all_.append({
            "mixture": [float(x) for x in mixture],
            "payoffs": [float(profile.strategy_value(s)) for s in first.strategies],
            "regret": float(profile.max_regret()),
        })
    return all_


def undominated(game):
    """Return the survivors of iterated strict dominance by strategies."""
    support = game.strategy_support_profile()
    while True:
        smaller = gbt.supports.undominated_strategies_solve(support, strict=True)
        if len(list(smaller)) == len(list(support)):
            break
        support = smaller
    first = list(game.players)[0]
    return [i for i, s in enumerate(first.strategies) if s in support]


def strict(array, strategies):
    """Return the survivors of iterated strict dominance by mixtures, from player 1's payoffs."""
    left = list(range(strategies))
    while True:
        out = []
        for s in left:
            others = [t for t in left if t != s]
            if not others:
                continue
            reduced = array
            for axis in range(1, array.ndim):
                reduced = np.take(reduced, left, axis=axis)
            gains = np.array([(reduced[t] - reduced[s]).ravel() for t in others])
            # Maximize e where the mixture pays e more against each choice of the others.
            result = linprog(np.r_[np.zeros(len(others)), -1],
                             A_ub=np.c_[-gains.T, np.ones(gains.shape[1])], b_ub=np.zeros(gains.shape[1]),
                             A_eq=[np.r_[np.ones(len(others)), 0]], b_eq=[1],
                             bounds=[(0, None)] * len(others) + [(None, None)])
            if -result.fun > 1e-9:
                out.append(s)
        if not out:
            return left
        left = [s for s in left if s not in out]


def correlated(arrays, players, strategies):
    """Return the smallest and the largest mean payoff of the correlated equilibria."""
    outcomes = list(itertools.product(range(strategies), repeat=players))
    index = {o: i for i, o in enumerate(outcomes)}
    rows = []
    for player in range(players):
        for told in range(strategies):
            for played in range(strategies):
                if told == played:
                    continue
                row = np.zeros(len(outcomes))
                for o in outcomes:
                    if o[player] == told:
                        other = o[:player] + (played,) + o[player + 1:]
                        row[index[o]] = arrays[player][other] - arrays[player][o]
                rows.append(row)
    welfare = np.array([np.mean([a[o] for a in arrays]) for o in outcomes])
    limits = []
    for sign in (1, -1):
        result = linprog(sign * welfare, A_ub=rows, b_ub=np.zeros(len(rows)),
                         A_eq=[np.ones(len(outcomes))], b_eq=[1], bounds=(0, None))
        limits.append(float(sign * result.fun))
    return limits


def answers(name, players, strategies, payoff):
    arrays = whole(players, strategies, payoff)
    game = gbt.Game.from_arrays(*arrays, title=name)
    rng = np.random.default_rng(len(name))
    pure = set()
    for solution in gbt.nash.enumpure_solve(game).equilibria:
        outcome = tuple(next(i for i, s in enumerate(p.strategies) if solution[s] == 1) for p in game.players)
        pure.add(counts(outcome, strategies))
    mixed, complete = solve_mixed(game, players, strategies, payoff)
    return {
        "name": name, "players": players, "strategies": strategies,
        "payoffs": [[payoff[p].get(s) for s in range(strategies)] for p in profiles(players, strategies)],
        "pure": sorted(pure, reverse=True),
        "symmetric": mixed, "complete": complete,
        "mixtures": evaluate(game, players, strategies, rng),
        "undominated": undominated(game), "strict": strict(arrays[0], strategies),
        "correlated": correlated(arrays, players, strategies),
    }


def from_matrix(rows):
    """Return the payoffs by profile of a game of two players, given the row player's."""
    strategies = len(rows)
    payoff = {}
    for p in profiles(2, strategies):
        chosen = [s for s in range(strategies) for _ in range(p[s])]
        payoff[p] = {chosen[0]: rows[chosen[0]][chosen[1]], chosen[1]: rows[chosen[1]][chosen[0]]}
    return payoff


def random_payoffs(players, strategies, seed):
    rng = np.random.default_rng(seed)
    return {p: {s: int(rng.integers(-50, 100)) for s in range(strategies) if p[s]}
            for p in profiles(players, strategies)}


def main():
    games = [
        answers("prisoner's dilemma", 2, 2, from_matrix([[3, 0], [5, 1]])),
        answers("stag hunt", 2, 2, from_matrix([[4, 0], [3, 2]])),
        answers("chicken", 2, 2, from_matrix([[6, 2], [7, 0]])),
        answers("rock, paper, scissors", 2, 3, from_matrix([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])),
    ]
    sizes = [(2, 2), (2, 3), (2, 4), (2, 5), (3, 2), (4, 2), (5, 2), (3, 3), (5, 3)]
    for players, strategies in sizes:
        for seed in range(1 if (players, strategies) == (5, 3) else 4):
            name = f"{players} players, {strategies} strategies, seed {seed + 1}"
            games.append(answers(name, players, strategies, random_payoffs(players, strategies, seed + 1)))
            print(name, len(games[-1]["symmetric"]), file=sys.stderr, flush=True)
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(json.dumps(g) for g in games) + "\n]\n")


if __name__ == "__main__":
    main()
