"""Writes audit/phase/testdata/firth.json: logistic regressions with Firth's penalty, by
SciPy's minimiser of the penalised likelihood, whose gradient it approximates, and, for
outcomes that are not separated, the estimates without a penalty on a million-fold sample,
where the penalty vanishes.

    python scripts/reference/firth.py audit/phase/testdata/firth.json

Needs SciPy 1.17 and NumPy 2.4.
"""

import json
import sys

import numpy as np
from scipy import optimize

# x, successes, trials
SAMPLES = [
    dict(name="overlap", data=[[3, 1, 6], [4, 2, 6], [5, 3, 6], [6, 5, 6], [7, 6, 6]]),
    dict(name="separated", data=[[2.5, 0, 3], [3.5, 0, 3], [4.5, 3, 3], [5.5, 3, 3]]),
    dict(name="all succeed", data=[[3, 5, 5], [4, 5, 5], [6, 5, 5]]),
    dict(name="none succeeds", data=[[3, 0, 2], [4, 0, 2], [6, 0, 2]]),
    dict(name="falls", data=[[3, 6, 6], [5, 3, 6], [7, 0, 6]]),
    dict(name="two places", data=[[1, 1, 3], [2, 2, 3]]),
    dict(name="weights", data=[[3, 0.2, 2.5], [4, 1.1, 1.9], [5, 2.2, 3.1], [6, 3.3, 3.4]]),
    dict(name="many, overlap", data=[[3, 1e6, 6e6], [4, 2e6, 6e6], [5, 3e6, 6e6], [6, 5e6, 6e6], [7, 5.9e6, 6e6]]),
]


def penalised(beta, x, successes, trials, penalty):
    eta = beta[0] + beta[1] * x
    p = 1 / (1 + np.exp(-eta))
    design = np.column_stack([np.ones_like(x), x])
    information = design.T @ (design * (trials * p * (1 - p))[:, None])
    likelihood = (successes * eta - trials * np.logaddexp(0, eta)).sum()
    return -(likelihood + penalty * np.linalg.slogdet(information)[1] / 2)


def fitted(data, penalty=1.0):
    x, successes, trials = np.array(data, dtype=float).T
    scale = trials.sum()
    best = None
    for start in ([0, 0], [-2, 0.5], [2, -0.5]):
        result = optimize.minimize(
            lambda b: penalised(b, x, successes, trials, penalty) / scale, start, method="Nelder-Mead",
            options=dict(xatol=1e-11, fatol=1e-16, maxiter=20_000, maxfev=20_000))
        if best is None or result.fun < best.fun:
            best = result
    return best.x.tolist()


def main(path):
    out = []
    for sample in SAMPLES:
        intercept, slope = fitted(sample["data"])
        entry = dict(sample, intercept=intercept, slope=slope)
        if sample["name"].startswith("many"):
            entry["unpenalised"] = fitted(sample["data"], penalty=0)
        out.append(entry)
    with open(path, "w") as file:
        json.dump(out, file, indent=1)
        file.write("\n")


main(sys.argv[1])
