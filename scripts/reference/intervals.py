"""Writes stats/testdata/intervals.json: confidence intervals, p-values and adjusted
p-values of fixed samples, from SciPy or from other formulas than the program's.

    python scripts/reference/intervals.py stats/testdata/intervals.json

Needs SciPy 1.17 and NumPy 2.4. The interval by Dirichlet weights is a quantile of
2,000,000 draws and the bootstrap's one of other resamples than the program's; the
tests allow for it.
"""

import json
import math
import sys

import numpy as np
from scipy import optimize, stats

LEVEL = 0.95
SAMPLES = [
    dict(name="six that succeed", low=0, high=1, values=[1, 1, 1, 1, 1, 1]),
    dict(name="four of six", low=0, high=1, values=[1, 0, 1, 1, 0, 1]),
    dict(name="eight of ten", low=0, high=1, values=[1, 1, 1, 1, 0, 1, 1, 1, 0, 1]),
    dict(name="six pairs", low=-1, high=1, values=[0.004, 0.42, 0.007, 0.004, 0.007, -0.58]),
    dict(name="eight differences", low=-1, high=1, values=[-0.71, -0.62, -0.80, -0.55, -0.77, -0.9, -0.33, -0.68]),
    dict(name="ten shares", low=0, high=1,
         values=[0.11, 0.35, 0.22, 0.41, 0.05, 0.3, 0.27, 0.19, 0.5, 0.33]),
    dict(name="three", low=-1, high=1, values=[-0.2, 0.1, 0.3]),
]
UNIT = 0.1  # of the symmetric betting
SIZES = dict(bounded=[0.5, 0.75, 0.9, 1], symmetric=[0.1, 0.3, 1, 3])


def finite(x):
    return float(x) if np.isfinite(x) else None


def sign_flip(x):
    """The means that SciPy's exact permutation test does not reject."""
    n = len(x)
    if 2 / 2**n > 1 - LEVEL:
        return [None, None]

    def p(m, side):
        return stats.permutation_test((x - m,), np.sum, permutation_type="samples",
                                      n_resamples=np.inf, alternative=side).pvalue

    def limit(side, rejected, kept):
        for _ in range(18):
            middle = (rejected + kept) / 2
            if p(middle, side) <= (1 - LEVEL) / 2:
                rejected = middle
            else:
                kept = middle
        return kept

    return [limit("greater", x.min() - 0.1, x.max()), limit("less", x.max() + 0.1, x.min())]


def dirichlet(x, low, high, generator):
    weights = generator.dirichlet(np.ones(len(x) + 1), 2_000_000)
    outside = (1 - LEVEL) / 2
    return [np.quantile(weights @ np.append(x, low), outside), np.quantile(weights @ np.append(x, high), 1 - outside)]


def wealth(x, m, kind, low):
    """Of the gambler who bets that the values lie above m."""
    if kind == "bounded":
        return np.mean([math.prod(1 + f / (m - low) * (v - m) for v in x) for f in SIZES[kind]])
    return np.mean([math.prod(2 / (1 + math.exp(-2 * f * (v - m) / UNIT)) for v in x) for f in SIZES[kind]])


def betting(x, kind, low, high):
    def lower(values, end):
        def excess(m):
            return wealth(values, m, kind, end) - 2 / (1 - LEVEL)
        start = end + 1e-9 if kind == "bounded" else values.min() - 5
        if excess(start) < 0:
            return end if kind == "bounded" else -np.inf
        return optimize.brentq(excess, start, values.max(), xtol=1e-13)

    return [finite(lower(x, low)), finite(-lower(-x, -high))]


def case(sample, generator):
    x, low, high = np.array(sample["values"], dtype=float), sample["low"], sample["high"]
    flat = x.min() == x.max()
    t = [x[0], x[0]] if flat else stats.t.interval(LEVEL, len(x) - 1, x.mean(), stats.sem(x))
    result = dict(sample, student=list(t), sign_flip=sign_flip(x), gaffke=dirichlet(x, low, high, generator),
                  bounded=betting(x, "bounded", low, high), symmetric=betting(x, "symmetric", low, high))
    middle = (low + high) / 2
    result["bounded_above"] = min(1, 1 / max(1, wealth(x, middle, "bounded", low)))
    result["symmetric_below"] = min(1, 1 / max(1, wealth(-x, -middle, "symmetric", -high)))
    if not flat:
        b = stats.bootstrap((x,), np.mean, confidence_level=LEVEL, n_resamples=200_000, method="BCa",
                            rng=generator).confidence_interval
        result["bootstrap"] = [b.low, b.high]
    if set(x) <= {0, 1}:
        exact = stats.binomtest(int(x.sum()), len(x)).proportion_ci(LEVEL, method="exact")
        result["clopper_pearson"] = [exact.low, exact.high]
    return result


def wilson(successes, trials):
    ci = stats.binomtest(successes, trials).proportion_ci(LEVEL, method="wilson")
    return dict(successes=successes, trials=trials, interval=[ci.low, ci.high])


def holm(p):
    """The smallest level at which the step-down procedure rejects each hypothesis."""
    def rejected(a):
        left, out = sorted(range(len(p)), key=lambda i: p[i]), set()
        while left and p[left[0]] <= a / len(left):
            out.add(left.pop(0))
        return out

    levels = sorted({min(1, q * k) for q in p for k in range(1, len(p) + 1)})
    return dict(p=p, adjusted=[min([a for a in levels if i in rejected(a * (1 + 1e-12))], default=1) for i in range(len(p))])


generator = np.random.default_rng(1)
found = dict(
    unit=UNIT,
    cases=[case(s, generator) for s in SAMPLES],
    wilson=[wilson(0, 10), wilson(10, 10), wilson(97, 100), wilson(1, 3), wilson(480, 960)],
    holm=[holm([0.01, 0.04, 0.03]), holm([0.2]), holm([0.001, 0.5, 0.002, 0.02, 0.02]), holm([0.6, 0.4])],
)
with open(sys.argv[1], "w") as out:
    json.dump(found, out, indent=1)
    out.write("\n")
