"""Writes defenses/filter/testdata/scaling.json: scaling consistency (IBD-PSC, Hou et al. 2024) of a
small network, computed with NumPy from the authors' description.

    python scripts/reference/scaling.py .

Needs NumPy 2.
"""

import json
import pathlib
import sys

import numpy

EPSILON = 1e-5


def forward(layers, last, x, amplify=(), factor=1.0):
    """Linear map, batch normalisation by running statistics and ReLU for each layer; softmax."""
    for index, layer in enumerate(layers):
        times = factor if index in amplify else 1.0
        x = x @ layer["linear"].T
        x = (x - layer["mean"]) / numpy.sqrt(layer["var"] + EPSILON)
        x = numpy.maximum(x * (times * layer["scale"]) + times * layer["shift"], 0)
    logits = x @ last.T
    exponentials = numpy.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def start(layers, last, own, labels, factor, errors):
    """The number of last layers from which on enough clean images are misclassified."""
    order = list(reversed(range(len(layers))))
    for k in range(1, len(layers)):
        predicted = forward(layers, last, own, order[:k], factor).argmax(axis=1)
        if (predicted != labels).mean() > errors:
            return k
    return len(layers) - 1


def scores(layers, last, x, own, labels, factor, errors, copies):
    order = list(reversed(range(len(layers))))
    predicted = forward(layers, last, x).argmax(axis=1)
    begin = start(layers, last, own, labels, factor, errors)
    total = numpy.zeros(len(x))
    for index in range(begin, begin + copies):
        total += forward(layers, last, x, order[: index + 1], factor)[numpy.arange(len(x)), predicted]
    return begin, total / copies


def main(root):
    rng = numpy.random.default_rng(8)
    cases = []
    for depth, factor, errors, copies in ((4, 1.5, 0.3, 5), (5, 3.0, 0.3, 3), (3, 1.1, 0.9, 2), (2, 2.0, 0.05, 4)):
        width, classes, n, m = 6, 3, 25, 20
        layers = [dict(linear=rng.normal(size=(width, width)), mean=rng.normal(size=width), var=rng.uniform(0.5, 2, width),
                       scale=rng.uniform(0.3, 1.5, width), shift=rng.normal(size=width)) for _ in range(depth)]
        last = rng.normal(size=(classes, width))
        x, own = rng.normal(size=(n, width)), rng.normal(size=(m, width))
        labels = forward(layers, last, own).argmax(axis=1)
        begin, values = scores(layers, last, x, own, labels, factor, errors, copies)
        cases.append(dict(
            layers=[{key: value.ravel().tolist() for key, value in layer.items()} for layer in layers],
            last=last.ravel().tolist(), width=width, classes=classes, x=x.ravel().tolist(), own=own.ravel().tolist(),
            labels=labels.tolist(), factor=factor, errors=errors, copies=copies, begin=begin, scores=values.tolist(),
            removed=numpy.flatnonzero(values >= 0.9).tolist()))
    print([(case["begin"], len(case["removed"])) for case in cases])
    path = pathlib.Path(root) / "defenses/filter/testdata/scaling.json"
    path.write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
