"""Write reference values of votes over agents and of their certificates.

    python vote.py > ../../defenses/vote/testdata/reference.json

Only the standard library is needed. The answers are computed by the definitions of deep partition
aggregation (Levine and Feizi 2021) and of the run-off election (Rezaei et al. 2023), and the certificates by
trying all ways in which t of the models can rank the classes, for t = 1, 2, ..., until one changes the answer.
For the run-off the bound of Rezaei et al. is computed, too: the smaller of the numbers of models that it takes
to put two other classes ahead of the winner in the first round, and to make another class reach the second
round and win it.
"""

import itertools
import json
import random
import sys


def best(votes, classes):
    """Return the class with the most votes, of equals the lowest."""
    return max(classes, key=lambda c: (votes.count(c), -c))


def majority(rankings):
    return best([r[0] for r in rankings], range(len(rankings[0])))


def run_off(rankings):
    votes, classes = [r[0] for r in rankings], list(range(len(rankings[0])))
    first = best(votes, classes)
    second = best(votes, [c for c in classes if c != first])
    return best([min((first, second), key=r.index) for r in rankings], (first, second))


def certificate(rankings, rule):
    """Return the largest number of models whose rankings make no difference."""
    answer = rule(rankings)
    orders = [list(o) for o in itertools.permutations(range(len(rankings[0])))]
    for t in range(1, len(rankings) + 1):
        for changed in itertools.combinations(range(len(rankings)), t):
            for given in itertools.product(orders, repeat=t):
                other = list(rankings)
                for at, ranking in zip(changed, given):
                    other[at] = ranking
                if rule(other) != answer:
                    return t - 1
    raise AssertionError("all models together can change every answer")


def against(gap):
    """Return the number of models that close a gap, each of which closes two."""
    return max(0, -(-gap // 2))


def against_two(gaps):
    """Return the number of models that close two gaps, of which each closes two of one and one of the other."""
    steps, reached = 0, {tuple(max(0, g) for g in gaps)}
    while (0, 0) not in reached:
        reached = {(max(0, a - x), max(0, b - y)) for a, b in reached for x, y in ((2, 1), (1, 2))}
        steps += 1
    return steps


def bound(rankings):
    """Return the certificate of Rezaei et al. for the run-off."""
    votes, classes = [r[0] for r in rankings], range(len(rankings[0]))
    w = run_off(rankings)
    others = [c for c in classes if c != w]

    def gap(of, a, b):  # models that a is ahead of b by, or has to lose
        return of.count(a) - of.count(b) + (a < b)

    numbers = [against_two([gap(votes, w, a), gap(votes, w, b)]) for a, b in itertools.combinations(others, 2)]
    for c in others:
        # c has to get ahead of the better of the classes beside w, or it is that class.
        rival = best(votes, [o for o in others if o != c]) if len(others) > 1 else None
        reach = 0 if rival is None else against(gap(votes, rival, c))
        pairs = [min((w, c), key=r.index) for r in rankings]
        numbers.append(max(reach, against(gap(pairs, w, c))))
    return min(numbers) - 1


def case(rng, models, classes, agreement):
    """Return a vote in which models rank as the first one does with a probability, otherwise at random."""
    first = rng.sample(range(classes), classes)
    rankings = [first if rng.random() < agreement else rng.sample(range(classes), classes) for _ in range(models)]
    return {"Rankings": rankings, "Majority": {"Class": majority(rankings), "Agents": certificate(rankings, majority)},
            "RunOff": {"Class": run_off(rankings), "Agents": certificate(rankings, run_off)}, "Bound": bound(rankings)}


def main():
    rng = random.Random(5)
    sizes = [(1, 3), (2, 3), (3, 2), (3, 3), (4, 3), (5, 3), (6, 3), (7, 2), (7, 3), (4, 4), (5, 4), (6, 4)]
    cases = [case(rng, models, classes, agreement) for models, classes in sizes for agreement in (0, 0.3, 0.6) for _ in range(4)]
    print("bound below the certificate:", sum(c["Bound"] < c["RunOff"]["Agents"] for c in cases), "of", len(cases), file=sys.stderr)
    json.dump(cases, sys.stdout)
    print()


if __name__ == "__main__":
    main()
