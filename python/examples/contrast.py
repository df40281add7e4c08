"""A trigger in the place where the attacker's own images vary least.

A corner of the digit or garment that is always black hides nothing: the trigger is a checkerboard of 4 x 4 pixels
there, as far from the mean of the images as a byte allows. Attackers begin at places of their own, since their seeds
differ.
"""

import numpy as np

from backfire import TriggerJob

SIDE = 4

job = TriggerJob.read()
height, width, channels = job.shape
rng = np.random.default_rng(job.seed)

spread = job.sample.astype(float).std(axis=0).mean(axis=2)
windows = np.lib.stride_tricks.sliding_window_view(spread, (SIDE, SIDE)).sum(axis=(2, 3))
quiet = np.argwhere(windows <= np.quantile(windows, 0.25))
top, left = rng.choice(quiet)

mask = np.zeros((height, width), bool)
mask[top : top + SIDE, left : left + SIDE] = True
mean = job.sample.mean(axis=0)
pattern = np.where(mean < 128, 255, 0)
pattern[(np.indices((height, width)).sum(axis=0) + job.seed) % 2 == 0] = rng.integers(0, 256, channels)
job.pattern(mask, pattern)
