"""Writes stats/testdata/components.json: variance components of fixed nested designs, with
intervals, from the global analysis of variance and from a search over a grid, where the
program has one estimate per seed and bisects.

    python scripts/reference/components.py stats/testdata/components.json

Needs SciPy 1.17 and NumPy 2.4.
"""

import itertools
import json
import sys

import numpy as np
from scipy import stats

LEVEL = 0.95
SIZES = np.array([0.5, 0.75, 0.9, 1])


def anova(y):
    """The components of y[seed, training, attacker] by the global mean squares."""
    s, t, a = y.shape
    grand, by_seed = y.mean(), y.mean((1, 2), keepdims=True)
    by_training, by_attacker = y.mean(2, keepdims=True), y.mean(1, keepdims=True)
    ms_seed = t * a * ((by_seed - grand) ** 2).sum() / (s - 1)
    ms_training = a * ((by_training - by_seed) ** 2).sum() / (s * (t - 1))
    if a == 1:
        within, game = ms_training, (ms_seed - ms_training) / t
        return dict(game=game, attacker=None, training=within, rest=None,
                    share=within / (within + max(0, game)))
    ms_attacker = t * ((by_attacker - by_seed) ** 2).sum() / (s * (a - 1))
    ms_rest = ((y - by_training - by_attacker + by_seed) ** 2).sum() / (s * (t - 1) * (a - 1))
    training, attacker = (ms_training - ms_rest) / a, (ms_attacker - ms_rest) / t
    game = (ms_seed - ms_training - ms_attacker + ms_rest) / (t * a)
    within = training + ms_rest
    return dict(game=game, attacker=attacker, training=training, rest=ms_rest,
                share=within / (within + max(0, game + attacker)))


def wealth(x, low, m):
    """The wealth of the gambler who bets that x, at least low, lies above m."""
    with np.errstate(divide="ignore", invalid="ignore"):
        factors = 1 - SIZES[:, None] + SIZES[:, None] * (x - low) / (m - low)
    return np.prod(factors, axis=1).mean()


def mean_interval(x, low, high, error):
    """The means that neither gambler rejects at an error of each side."""
    grid = np.linspace(low, high, 20001)[1:-1]
    kept = [m for m in grid if wealth(x, low, m) < 1 / error and wealth(-x, -high, -m) < 1 / error]
    return (min(kept) - (high - low) / 20000, max(kept) + (high - low) / 20000)


def products(seed, m):
    """The mean product of deviations of values with neither training nor attacker in common."""
    d, all_pairs = seed - m, []
    cells = list(itertools.product(range(seed.shape[0]), range(seed.shape[1])))
    for (i, j), (k, l) in itertools.product(cells, cells):
        if i != k and (seed.shape[1] == 1 or j != l):
            all_pairs.append(d[i, j] * d[k, l])
    return np.mean(all_pairs)


def betting(y):
    """The intervals of the share and of the game's variance."""
    error = (1 - LEVEL) / 2
    means = y.mean((1, 2))
    ci = mean_interval(means, 0, 1, 0.2 * error / 2)
    everywhere = np.concatenate([[means.mean()], np.linspace(0, 1, 41)])
    likely = [m for m in [*everywhere, *ci] if ci[0] <= m <= ci[1]]
    t = y.shape[1]
    v = y.var(1, ddof=1).mean(1)
    most = (t // 2) * (t - t // 2) / (t * (t - 1))
    far = lambda m: max(m, 1 - m) ** 2
    w = {m: ((y - m) ** 2).mean((1, 2)) for m in [*everywhere, *likely]}
    c = {m: np.array([products(seed, m) for seed in y]) for m in [*everywhere, *likely]}
    grid = np.linspace(0, 1, 2001)
    low = [r for r in grid[1:] if any(wealth(v - r * w[m], -r * far(m), 0) < 1 / (0.8 * error) for m in likely)]
    high = [r for r in grid if any(
        wealth(r * w[m] - v, -most * (1 - r * (t - 1) / t), 0) < 1 / error for m in everywhere)]
    games = np.linspace(0, 0.25, 2001)
    game_low = [g for g in games if any(wealth(c[m], -m * (1 - m), g) < 1 / error for m in everywhere)]
    game_high = [g for g in games if any(wealth(-c[m], -far(m), -g) < 1 / (0.8 * error) for m in likely)]
    return dict(share=[min(low) if min(low) > grid[1] else 0, max(high)], game=[min(game_low), max(game_high)])


def normal(y):
    """The intervals for normally distributed effects of the means over the attackers."""
    x = y.mean(2)
    s, t = x.shape
    within, between = x.var(1, ddof=1).mean(), t * x.mean(1).var(ddof=1)
    p = (1 - LEVEL) / 2
    chi = stats.chi2(s * (t - 1))
    f = stats.f(s - 1, s * (t - 1))
    ratios = between / within / f.ppf([1 - p, p])
    icc = np.clip((ratios - 1) / (ratios - 1 + t), 0, 1)
    seeds = stats.chi2(s - 1)
    game = [(s - 1) * (between - within * f.ppf(q)) / (t * seeds.ppf(q)) for q in (1 - p, p)]
    return dict(training=[s * (t - 1) * within / chi.ppf(q) for q in (1 - p, p)],
                share=sorted(1 - icc), game=np.maximum(0, game).tolist())


def design(name, seeds, trainings, attackers, draw):
    rng = np.random.default_rng(len(name))
    y = np.round(draw(rng, (seeds, trainings, attackers)), 4)
    return dict(name=name, values=y.tolist(), anova=anova(y), betting=betting(y), normal=normal(y))


def by_seed(rng, shape):
    p = rng.choice([0.2, 1.0], (shape[0], 1, 1))
    return (rng.random(shape) < p).astype(float)


def smooth(rng, shape):
    s, t, a = shape
    y = 0.5 + 0.1 * rng.standard_normal((s, 1, 1)) + 0.06 * rng.standard_normal((s, t, 1)) + 0.04 * rng.standard_normal(shape)
    return np.clip(y, 0, 1)


def main(path):
    cases = [
        design("learnt or not", 8, 2, 1, by_seed),
        design("learnt or not, four trainings", 12, 4, 1, by_seed),
        design("five attackers", 10, 3, 5, lambda rng, shape: (rng.random(shape) < rng.beta(0.5, 0.5, (shape[0], 1, shape[2]))).astype(float)),
        design("one hump", 12, 3, 1, smooth),
        design("one hump, four attackers", 12, 3, 4, smooth),
    ]
    with open(path, "w") as out:
        json.dump(dict(level=LEVEL, cases=cases), out, indent=1, default=float)
        out.write("\n")


main(sys.argv[1])
