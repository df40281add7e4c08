"""Writes defenses/value/testdata/reference.json: rankings as scikit-learn and the mean over
all orders of equal scores judge them.

    python scripts/reference/values.py .

Needs NumPy 2 and scikit-learn 1.9.
"""

import itertools
import json
import pathlib
import sys

import numpy
from sklearn.metrics import roc_auc_score


def precision(suspicion, attacker):
    """Mean share of attackers among the first, over all orders that sort the scores."""
    attackers = sum(attacker)
    shares = []
    for order in itertools.permutations(range(len(suspicion))):
        if all(suspicion[a] >= suspicion[b] for a, b in zip(order, order[1:])):
            shares.append(sum(attacker[i] for i in order[:attackers]) / attackers)
    return float(numpy.mean(shares))


def main(root):
    rng = numpy.random.default_rng(11)
    cases = []
    while len(cases) < 40:
        n = int(rng.integers(2, 8))
        attacker = rng.integers(0, 2, n).astype(bool).tolist()
        if all(attacker) or not any(attacker):
            continue
        suspicion = (rng.integers(0, 4, n) / 4).tolist() if len(cases) % 2 else rng.normal(size=n).tolist()
        cases.append(dict(suspicion=suspicion, attacker=attacker, random=sum(attacker) / n,
                          precision=precision(suspicion, attacker), auc=float(roc_auc_score(attacker, suspicion))))
    path = pathlib.Path(root) / "defenses/value/testdata/reference.json"
    path.write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
