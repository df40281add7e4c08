"""Write reference values of the parts of distribution matching machines and learning to match.

    pip install numpy scipy scikit-learn
    python matching.py > ../../defenses/detect/testdata/matching.json

SciPy solves the box-constrained quadratic program of kernel mean matching, scikit-learn the weighted linear
support vector machine, and NumPy computes the scores of a set network.
"""

import json
import sys

import numpy as np
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from sklearn.svm import LinearSVC


def program(rng):
    """Return the weights of kernel mean matching for a sample and a query."""
    x, y, bandwidth, most, ridge = rng.normal(size=(12, 3)), rng.normal(0.8, 1, size=(5, 3)), 1.5, 10, 1e-3
    gram = np.exp(-cdist(x, x, "sqeuclidean") / (2 * bandwidth**2)) + ridge * np.eye(12)
    towards = np.exp(-cdist(x, y, "sqeuclidean") / (2 * bandwidth**2)).sum(1) * 12 / 5
    best = minimize(
        lambda b: b @ gram @ b / 2 - towards @ b, np.ones(12), jac=lambda b: gram @ b - towards, method="SLSQP",
        bounds=[(0, most)] * 12, constraints={"type": "eq", "fun": lambda b: b.sum() - 12},
        options={"ftol": 1e-15, "maxiter": 2000})
    return {"X": x.tolist(), "Y": y.tolist(), "Bandwidth": bandwidth, "Weights": best.x.tolist(), "Value": best.fun}


def machine(rng):
    """Return the weighted linear support vector machine of two samples."""
    own, others, weights = rng.normal(0.5, 1, size=(15, 3)), rng.normal(-0.5, 1, size=(20, 3)), rng.uniform(0, 3, 15)
    fitted = LinearSVC(loss="hinge", C=1, tol=1e-12, max_iter=10_000_000, random_state=0).fit(
        np.vstack([own, others]), [1] * 15 + [-1] * 20, np.concatenate([weights, np.ones(20)]))
    return {"Own": own.tolist(), "Others": others.tolist(), "Weights": weights.tolist(),
            "Separator": [*fitted.coef_[0].tolist(), float(fitted.intercept_[0])]}


def network(rng):
    """Return the scores of a set network and its cross-entropy for the first element."""
    elements, layers = rng.normal(size=(4, 6)), []
    values = elements
    for at, width in enumerate((32, 16, 1)):
        weights = rng.normal(size=(width, values.shape[1] + 1))
        layers.append(weights.tolist())
        values = values @ weights[:, :-1].T + weights[:, -1]
        values = np.maximum(values, 0) if at < 2 else values
    scores = values[:, 0]
    return {"Elements": elements.tolist(), "Layers": layers, "Scores": scores.tolist(),
            "Loss": float(np.logaddexp.reduce(scores) - scores[0])}


def main():
    rng = np.random.default_rng(7)
    json.dump({"Program": program(rng), "Machine": machine(rng), "Network": network(rng)}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
