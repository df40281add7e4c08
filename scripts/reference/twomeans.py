"""Write the inertia of two clusters that scikit-learn finds: the best of 50 starts of k-means++.

    pip install numpy scikit-learn
    python twomeans.py > ../../defenses/features/testdata/twomeans.json

The samples have no clear clusters, as the features of one agent's images of one class, so that many starts
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
    cases = []
    for seed in range(1, 30):
        n, d = 20 + 10 * seed, 10
        x = draw(seed, n, d)
        best = KMeans(2, init="k-means++", n_init=50, random_state=seed, tol=0, max_iter=300).fit(x)
        cases.append({"Seed": seed, "N": n, "D": d, "Best": best.inertia_})
    json.dump(cases, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
