"""Writes testdata/reference.json below defenses/filter, defenses/repair and defenses:
what NumPy and scikit-learn make of filters, repairs and the proactive backdoor.

    python scripts/reference/defenses.py .

Needs NumPy 2 and scikit-learn 1.9.
"""

import json
import pathlib
import sys

import numpy
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA, FastICA
from sklearn.metrics import silhouette_score


def features(rng, clean, poisoned, apart):
    """Features of one class: clean images, then poisoned ones moved along one direction."""
    x = rng.normal(size=(clean + poisoned, 16)) * numpy.linspace(0.5, 1.5, 16)
    direction = rng.normal(size=16)
    x[clean:] += apart * direction / numpy.linalg.norm(direction)
    return x


def spectral(x, epsilon, factor):
    """Tran et al. 2018, algorithm 1."""
    centred = x - x.mean(axis=0)
    v = numpy.linalg.svd(centred, full_matrices=False)[2][0]
    scores = (centred @ v) ** 2
    n = int(factor * epsilon * len(x) + 1e-9)
    return scores, sorted(numpy.argsort(-scores, kind="stable")[:n].tolist())


def clustering(x, components, reduction, silhouette, size):
    """Chen et al. 2019, as ART's analyze_by_silhouette_score decides."""
    if reduction == "ica":
        reduced = FastICA(n_components=components, whiten="unit-variance", whiten_solver="svd", random_state=0, max_iter=2000, tol=1e-6, algorithm="deflation").fit_transform(x)
    else:
        reduced = PCA(n_components=components, svd_solver="full").fit_transform(x)
    labels = KMeans(2, n_init=50, random_state=0, tol=0).fit(reduced).labels_
    score = silhouette_score(reduced, labels)
    smaller = numpy.flatnonzero(labels == numpy.argmin(numpy.bincount(labels)))
    poisoned = score > silhouette and len(smaller) <= size * len(x)
    return score, sorted(smaller.tolist()) if poisoned else []


def filters(rng):
    cases = []
    for clean, poisoned, apart in ((90, 10, 12), (70, 30, 12), (100, 0, 0), (60, 40, 0)):
        x = features(rng, clean, poisoned, apart)
        case = dict(x=x.tolist())
        case["scores"], case["spectral"] = spectral(x, 0.1, 1.5)
        case["scores"] = case["scores"].tolist()
        for reduction in ("ica", "pca"):
            case[reduction + "_silhouette"], case[reduction] = clustering(x, 2, reduction, 0.1, 0.35)
        losses = rng.exponential(size=len(x))
        case["losses"] = losses.tolist()
        case["isolated"] = sorted(numpy.argsort(losses, kind="stable")[: int(0.1 * len(x) + 1e-9)].tolist())
        cases.append(case)
    return cases


def pruning(rng):
    """The first half of fine-pruning (Liu et al. 2018)."""
    f = rng.exponential(size=(60, 12)).astype("float32")
    w, b = rng.normal(size=(4, 12)).astype("float32"), rng.normal(size=4).astype("float32")
    labels = (f @ w.T + b).argmax(axis=1)
    labels[::7] = (labels[::7] + 1) % 4
    cases = []
    for drop in (0.0, 0.04, 0.2, 0.9):
        order = numpy.argsort(f.mean(axis=0, dtype="float64"), kind="stable")
        mask, pruned = numpy.ones(12), []
        wide = f.astype("float64")
        accuracy = lambda: ((wide * mask) @ w.T.astype("float64") + b).argmax(axis=1)
        least = (accuracy() == labels).mean() - drop
        for channel in order[:-1]:
            mask[channel] = 0
            if (accuracy() == labels).mean() < least:
                break
            pruned.append(int(channel))
        cases.append(dict(max_drop=drop, pruned=pruned))
    return dict(features=f.ravel().tolist(), labels=labels.tolist(), weight=w.ravel().tolist(), bias=b.tolist(), cases=cases)


def masks(rng):
    """Adversarial neuron pruning (Wu and Wang 2021): mask_train of their program, on the
    channels of a small network without its convolutions: y = sum_c u_c tanh(s_c z_c + t_c),
    squared loss. The draws are written down for the replay."""
    n, channels, batch = 20, 6, 5
    z, u = rng.normal(size=(n, channels)), rng.normal(size=channels)
    target = rng.normal(size=n)
    scale, shift = rng.uniform(0.5, 1.5, channels), rng.normal(size=channels)
    epsilon, steps, alpha, iterations, rate = 0.4, 2, 0.2, 25, 0.2

    def gradient(s, t, rows):
        inner = numpy.tanh(s * z[rows] + t)
        error = (inner @ u - target[rows])[:, None]
        outer = 2 * error * u * (1 - inner**2) / len(rows)
        return (outer * z[rows]).sum(axis=0), outer.sum(axis=0)

    m, velocity = numpy.ones(channels), numpy.zeros(channels)
    ints, floats = [], []
    for _ in range(iterations):
        rows = rng.integers(0, n, batch)
        ints += rows.tolist()
        draws = rng.uniform(size=(channels, 2))
        floats += draws.ravel().tolist()
        noise, noise_bias = (epsilon * (2 * draws - 1)).T
        for _ in range(steps):
            by_s, by_t = gradient((m + noise) * scale, (1 + noise_bias) * shift, rows)
            # Ascent on the loss: the optimiser descends on its negative, by signs.
            noise = noise + epsilon / steps * numpy.sign(by_s * scale)
            noise_bias = noise_bias + epsilon / steps * numpy.sign(by_t * shift)
        robust = gradient((m + noise) * scale, (1 + noise_bias) * shift, rows)[0] * scale
        natural = gradient(m * scale, shift, rows)[0] * scale
        velocity = 0.9 * velocity + alpha * natural + (1 - alpha) * robust
        m = numpy.clip(m - rate * velocity, 0, 1)
    return dict(z=z.tolist(), u=u.tolist(), target=target.tolist(), scale=scale.tolist(), shift=shift.tolist(),
                batch=batch, epsilon=epsilon, steps=steps, alpha=alpha, iterations=iterations, lr=rate,
                ints=ints, floats=floats, masks=m.tolist())


def proactive(rng):
    """The trigger of type 0 and the labels of Wei et al. 2024, with pixels of 255."""
    x = rng.integers(0, 256, size=(2, 3, 5, 6))
    mask = numpy.zeros_like(x)
    mask[:, :, :, 0:1] = mask[:, :, :, -1:] = mask[:, :, 0:1, :] = mask[:, :, -1:, :] = 1
    stamped = x * (1 - mask) + 255 * mask
    return dict(images=x.ravel().tolist(), stamped=stamped.ravel().tolist(), labels=[(y + 1) % 10 for y in range(10)])


def main(root):
    rng = numpy.random.default_rng(3)
    for path, content in (
        ("defenses/filter", filters(rng)),
        ("defenses/repair", dict(pruning=pruning(rng), masks=masks(rng))),
        ("defenses", dict(proactive=proactive(rng))),
    ):
        directory = pathlib.Path(root) / path / "testdata"
        directory.mkdir(exist_ok=True)
        (directory / "reference.json").write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
