"""Writes defenses/features/testdata/reference.json and stats/testdata/ranks.json:
what NumPy, SciPy and scikit-learn make of small samples.

    python scripts/reference/similarity.py .

Needs NumPy 2, SciPy 1.17 and scikit-learn 1.9.
"""

import json
import pathlib
import sys

import numpy
from scipy.spatial.distance import jensenshannon, pdist
from scipy.stats import entropy, kendalltau, multivariate_normal, spearmanr
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA, FastICA
from sklearn.metrics.pairwise import rbf_kernel


def principal(x, k):
    pca = PCA(n_components=k, svd_solver="full").fit(x)
    # One sign for each direction: the largest coordinate is positive.
    signs = numpy.sign(pca.components_[numpy.arange(k), abs(pca.components_).argmax(axis=1)])
    directions = pca.components_ * signs[:, None]
    return dict(x=x.tolist(), mean=pca.mean_.tolist(), directions=directions.T.tolist(), variances=pca.explained_variance_.tolist())


def independent(rng):
    """Distances between activations in the components that Chen et al. cluster."""
    x = rng.laplace(size=(40, 6)) @ rng.normal(size=(6, 6))
    ica = FastICA(n_components=3, algorithm="deflation", whiten="unit-variance", whiten_solver="svd", random_state=0, max_iter=1000)
    return dict(x=x.tolist(), distances=pdist(ica.fit_transform(x)).tolist())


def spectral(rng):
    """Outlier scores of Tran et al. 2018, algorithm 1."""
    x = rng.normal(size=(15, 5))
    x[:4] += 3
    centred = x - x.mean(axis=0)
    v = numpy.linalg.svd(centred)[2][0]
    queries = rng.normal(size=(3, 5)) + 1
    deviations = queries - x.mean(axis=0)
    return dict(x=x.tolist(), queries=queries.tolist(), scores=((deviations @ v) ** 2).tolist(),
                shares=((deviations @ v) ** 2 / (deviations ** 2).sum(axis=1)).tolist())


def clustering(rng, k):
    x = rng.normal(size=(30, 3))
    x[10:20] += 2
    initial = x[:k].copy()
    fitted = KMeans(k, init=initial, n_init=1, algorithm="lloyd", tol=0, max_iter=300).fit(x)
    best = KMeans(k, init="k-means++", n_init=200, random_state=0, tol=0).fit(x)
    return dict(x=x.tolist(), initial=initial.tolist(), centroids=fitted.cluster_centers_.tolist(),
                assigned=fitted.labels_.tolist(), inertia=fitted.inertia_, best=best.inertia_)


def discrepancy(rng, n, m):
    x, y = rng.normal(size=(n, 4)), rng.normal(size=(m, 4)) + 0.5
    bandwidth = numpy.median(pdist(numpy.concatenate([x, y])))
    gamma = 1 / (2 * bandwidth**2)
    xx, yy, xy = rbf_kernel(x, x, gamma), rbf_kernel(y, y, gamma), rbf_kernel(x, y, gamma)
    within = lambda k: (k.sum() - numpy.trace(k)) / (len(k) * (len(k) - 1))
    return dict(x=x.tolist(), y=y.tolist(), bandwidth=bandwidth, mmd2=within(xx) + within(yy) - 2 * xy.mean())


def gaussians(rng):
    """KL between normal distributions, in closed form and over samples of one."""
    x, y = rng.normal(size=(12, 3)), rng.normal(size=(9, 3)) * [1, 2, 0.5] + 1
    prior, weight = numpy.diag([1.0, 2.0, 3.0]), 3.0

    def fit(s):
        own = (len(s) - 1) * numpy.cov(s.T) if len(s) > 1 else 0
        return s.mean(axis=0), (own + weight * prior) / (len(s) - 1 + weight)

    def kl(a, b):
        (m, s), (n, t) = fit(a), fit(b)
        inverse = numpy.linalg.inv(t)
        logs = numpy.linalg.slogdet(t)[1] - numpy.linalg.slogdet(s)[1]
        return 0.5 * (numpy.trace(inverse @ s) + (n - m) @ inverse @ (n - m) - len(m) + logs)

    mean, cov = fit(x)
    draws = numpy.random.default_rng(1).multivariate_normal(mean, cov, 400_000)
    ratio = multivariate_normal(mean, cov).logpdf(draws) - multivariate_normal(*fit(y)).logpdf(draws)
    assert abs(ratio.mean() - kl(x, y)) < 5 * ratio.std() / len(draws) ** 0.5
    return dict(x=x.tolist(), y=y.tolist(), prior=numpy.diag(prior).tolist(), weight=weight,
                kl=kl(x, y), back=kl(y, x), single=kl(x[:1], y))


def histograms(rng):
    x, y = rng.normal(size=(50, 2)), rng.normal(size=(17, 2)) + 0.7
    bins, divergences, shares = 5, [], []
    for j in range(2):
        column = numpy.sort(x[:, j])
        quantiles = numpy.quantile(column, numpy.arange(1, bins) / bins, method="inverted_cdf")
        borders = (quantiles + column[numpy.searchsorted(column, quantiles, side="right")]) / 2
        p, q = (numpy.bincount(numpy.searchsorted(borders, s[:, j]), minlength=bins) / len(s) for s in (x, y))
        divergences.append(jensenshannon(p, q) ** 2)
        middle = (p + q) / 2
        assert abs(divergences[-1] - (entropy(p, middle) + entropy(q, middle)) / 2) < 1e-12
        shares.append(q.tolist())
    return dict(x=x.tolist(), y=y.tolist(), bins=bins, shares=shares, js=float(numpy.mean(divergences)))


def ranks(x, y):
    return dict(x=x, y=y, spearman=spearmanr(x, y).statistic, kendall=kendalltau(x, y).statistic)


def write(path, values):
    path.write_text(json.dumps(values, separators=(",", ":")) + "\n")


def main():
    rng = numpy.random.default_rng(7)
    root = pathlib.Path(sys.argv[1])
    write(root / "defenses/features/testdata/reference.json", dict(
        principal=[principal(rng.normal(size=(12, 4)) @ rng.normal(size=(4, 4)), 3), principal(rng.normal(size=(5, 9)), 4)],
        independent=independent(rng),
        spectral=spectral(rng),
        clustering=[clustering(rng, 2), clustering(rng, 4)],
        discrepancy=[discrepancy(rng, 8, 6), discrepancy(rng, 2, 11)],
        gaussians=gaussians(rng),
        histograms=histograms(rng),
    ))
    write(root / "stats/testdata/ranks.json", [
        ranks(rng.normal(size=9).tolist(), rng.normal(size=9).tolist()),
        ranks([1, 2, 2, 3, 5, 5, 5, 8], [3, 1, 4, 1, 5, 9, 2, 6]),
        ranks([1, 1, 2, 3], [0.4, 0.4, 0.3, 0.3]),
    ])


if __name__ == "__main__":
    main()
