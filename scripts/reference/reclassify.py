"""Writes defenses/filter/testdata/reclassified.json: exclusionary reclassification of clusters by
the words of Chen et al. 2019, with the threshold 1.

    python scripts/reference/reclassify.py .

Needs NumPy 2.
"""

import json
import pathlib
import sys

import numpy


def poisoned(predicted, label, threshold=1):
    """l: images that are classified as their label; p: images that are classified as the class
    for which the most of them have been classified, other than their label. The cluster is
    poisonous if l/p is below the threshold."""
    l = int(numpy.sum(predicted == label))
    others, counts = numpy.unique(predicted[predicted != label], return_counts=True)
    if len(others) == 0:
        return False
    return l / int(counts.max()) < threshold


def main(root):
    rng = numpy.random.default_rng(5)
    cases = []
    for _ in range(60):
        classes = int(rng.integers(2, 6))
        weights = rng.dirichlet(numpy.full(classes, 0.6))
        predicted = rng.choice(classes, size=int(rng.integers(1, 25)), p=weights)
        label = int(rng.integers(classes))
        cases.append(dict(predicted=predicted.tolist(), label=label, poisoned=bool(poisoned(predicted, label))))
    path = pathlib.Path(root) / "defenses/filter/testdata/reclassified.json"
    path.write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
