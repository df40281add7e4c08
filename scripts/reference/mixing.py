"""Writes defenses/mix/testdata/torchvision.json: what the CutMix and MixUp of
torchvision.transforms.v2 make of given draws.

    python scripts/reference/mixing.py defenses/mix/testdata/torchvision.json

Needs torchvision 0.26 with PyTorch 2.11. The transforms draw lambda from their
Beta distribution and the box's centre with torch.randint; both are replaced by
the draws of a case.
"""

import json
import sys
from unittest import mock

import torch
from torchvision.transforms import v2

CLASSES = 4

# lambda and centre of the box, on images of height x width
CUTS = [
    dict(lam=0.5, x=4, y=3, height=7, width=9),  # inside
    dict(lam=0.1, x=0, y=0, height=8, width=8),  # clipped at the top left
    dict(lam=0.3, x=8, y=6, height=7, width=9),  # clipped at the bottom right
    dict(lam=0.0, x=2, y=5, height=6, width=6),  # as large as the image
    dict(lam=0.97, x=3, y=3, height=8, width=8),  # less than a pixel each way
    dict(lam=1.0, x=1, y=1, height=5, width=5),  # nothing
    dict(lam=0.62, x=20, y=2, height=28, width=28),
    dict(lam=0.7300190925598145, x=13, y=30, height=32, width=32),
]
UPS = [0.0, 0.25, 0.7300190925598145, 1.0]


def batch(generator, height, width, channels=2, n=3):
    images = torch.randint(0, 256, (n, channels, height, width), generator=generator, dtype=torch.uint8)
    return images, torch.randint(0, CLASSES, (n,), generator=generator)


def drawn(transform, lam, centre):
    """Makes transform use these draws instead of its own."""
    transform._dist = mock.Mock(sample=lambda shape: torch.tensor(lam, dtype=torch.float64))
    places = iter(centre)
    return mock.patch("torch.randint", lambda *args, **kwargs: torch.tensor([next(places)]))


def record(case, images, labels, mixed, soft):
    keep = images.shape[-1] < 28  # of larger images the box says all
    return dict(
        case,
        channels=images.shape[1],
        images=images.flatten().tolist() if keep else None,
        labels=labels.tolist(),
        mixed=mixed.flatten().tolist() if keep else None,
        soft=soft.flatten().tolist(),
    )


def main():
    generator = torch.Generator().manual_seed(5)
    cuts, ups = [], []
    for case in CUTS:
        images, labels = batch(generator, case["height"], case["width"])
        transform = v2.CutMix(num_classes=CLASSES)
        centre = [case["x"], case["y"]]
        with drawn(transform, case["lam"], centre):
            params = transform.make_params([images])
        with drawn(transform, case["lam"], centre):
            mixed, soft = transform(images, labels)
        cuts.append(record(dict(case, box=params["box"], adjusted=params["lam_adjusted"]), images, labels, mixed, soft))
    for lam in UPS:
        images, labels = batch(generator, 4, 5)
        transform = v2.MixUp(num_classes=CLASSES)
        with drawn(transform, lam, []):
            mixed, soft = transform(images.float(), labels)
        ups.append(record(dict(lam=lam, height=4, width=5), images, labels, mixed, soft))
    with open(sys.argv[1], "w") as out:
        json.dump(dict(classes=CLASSES, cutmix=cuts, mixup=ups), out, separators=(",", ":"))
        out.write("\n")


if __name__ == "__main__":
    main()
