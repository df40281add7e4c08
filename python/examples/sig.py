"""A sinusoidal signal on every image (Barni, Kallas, Tondi, "A new Backdoor Attack in CNNs by training set corruption
without label poisoning", ICIP 2019), as strong as the image is dark.

Every image gets a trigger of its own: the signal is scaled by the image's mean, and the direction and frequency are
the attacker's.
"""

import numpy as np

from backfire import TriggerJob

job = TriggerJob.read()
height, width, _ = job.shape
rng = np.random.default_rng(job.seed)
angle, frequency = rng.uniform(0, np.pi), rng.uniform(4, 8)

y, x = np.indices((height, width))
wave = np.sin(2 * np.pi * frequency * (x * np.cos(angle) / width + y * np.sin(angle) / height))[None, :, :, None]
images = job.images.astype(float)
strength = 80 - 40 * images.mean(axis=(1, 2, 3), keepdims=True) / 255
job.stamped(np.clip(images + strength * wave, 0, 255))
