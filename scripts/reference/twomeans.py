"""Write the inertia of two clusters that scikit-learn finds: the best of 50 starts of k-means++.

    pip install numpy scikit-learn
    python twomeans.py > ../../defenses/features/testdata/twomeans.json
    python twomeans.py heldout > ../../defenses/features/testdata/twomeans-heldout.json

The held-out samples have other seeds, sizes and dimensions: the number of starts was chosen on the others
alone. The samples have no clear clusters, as the features of one agent's images of one class, so that many starts
end in a worse partition. They come from a generator that the test repeats, so the file holds only figures.
"""

import json
import sys

import numpy as np
from sklearn.cluster import KMeans


def draw(seed, n, d):
    """Return n vectors of d whole numbers: sums of four draws of a linear congruential generator."""
    state, values = seed, []
    for _ in range(n * d):
        total = 0
        for _ in range(4):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            total += (state >> 33) % 101
        values.append(total - 200)
    return np.array(values, dtype=float).reshape(n, d)


def main():
    tuned = [(seed, 20 + 10 * seed, 10) for seed in range(1, 30)]
    heldout = [(seed, 15 + 37 * seed % 300, (2, 5, 10, 16)[seed % 4]) for seed in range(1001, 1041)]
    cases = []
    for seed, n, d in heldout if "heldout" in sys.argv else tuned:
        x = draw(seed, n, d)
        best = KMeans(2, init="k-means++", n_init=50, random_state=seed, tol=0, max_iter=300).fit(x)
        cases.append({"Seed": seed, "N": n, "D": d, "Best": best.inertia_})
    json.dump(cases, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
