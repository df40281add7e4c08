"""Writes defenses/testdata/augmentation.json: what agent augmentation (section 4.2.1 of the
paper) makes of training sets, and adversarial triggers (Geiping et al. 2021, as section 2 of
the paper describes it) of batches.

    python scripts/reference/augmentation.py defenses/testdata/augmentation.json

Needs NumPy. Every trigger is x' = x (1 - l) + m l. The random draws are those of rederive,
which has the generator and the triggers in Python.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "rederive"))

from streams import Stream  # noqa: E402
from triggers import Trigger, draw  # noqa: E402

CLASSES = 4
DEFENDER_EVERY = 3  # each third row is another owner's


def pictures(n: int, shape: dict[str, int]) -> np.ndarray:
    """Returns n images that need not be stored."""
    row, value = np.mgrid[:n, : shape["c"] * shape["h"] * shape["w"]]
    return ((31 * row + 7 * value + row * value % 11) % 256).astype(np.uint8)


def half_up(x: float) -> int:
    return math.floor(x + 0.5)


def stamp(image: np.ndarray, trigger: Trigger) -> np.ndarray:
    mask = np.broadcast_to(trigger.mask, trigger.pattern.shape).reshape(-1)
    return (image * (1 - mask) + trigger.pattern.reshape(-1) * mask).astype(np.uint8)


def digest(images: np.ndarray) -> str:
    return hashlib.sha256(images.tobytes()).hexdigest()


def simulated(shape: dict[str, int], spec: dict[str, Any], agents: int, seed: int, avoid: list[str]) -> list[Trigger]:
    """Draws a trigger for each simulated attacker, anew as long as it collides."""
    triggers: list[Trigger] = []
    for agent in range(agents):
        stream = Stream(seed, "simulated trigger", agent)
        trigger = draw(shape, spec, stream)
        while trigger.name() in avoid + [t.name() for t in triggers]:
            trigger = draw(shape, spec, stream)
        triggers.append(trigger)
    return triggers


def augmented(shape: dict[str, int], images: int, agents: int, clean: float, p1: float, p2: float, seed: int, collide: list[int]) -> dict[str, Any]:
    """Leaves the share clean of the defender's images as it is, and deals the others to the
    simulated attackers. The first draws of those in collide are the attackers' triggers."""
    spec = {"p1": p1, "p2": p2, "range": "per_dimension"}
    avoid = [draw(shape, spec, Stream(seed, "simulated trigger", agent)).name() for agent in collide]
    triggers = simulated(shape, spec, agents, seed, avoid)
    after, by = pictures(images, shape), [-1] * images
    own = [i for i in range(images) if i % DEFENDER_EVERY]
    Stream(seed, "augmentation").shuffle(own)
    stamped = own[half_up(clean * len(own)) :]
    for at, row in enumerate(stamped):
        by[row] = at % agents
        after[row] = stamp(after[row], triggers[by[row]])
    sizes = [by.count(agent) for agent in range(agents)]
    assert max(sizes) - min(sizes) <= 1 and len(own) - len(stamped) == half_up(clean * len(own))
    return {
        "shape": shape, "images": images, "agents": agents, "clean": clean, "p1": p1, "p2": p2, "seed": seed, "collide": collide,
        "simulated": by, "triggers": [trigger.name() for trigger in triggers], "sha256": digest(after),
    }  # fmt: skip


def adversarial(shape: dict[str, int], batch: int, share: float, placement: str, p1: float, p2: float, seed: int, epoch: int, step: int) -> dict[str, Any]:
    """Stamps a share of a batch, each image with a fresh trigger, and keeps the labels."""
    spec = {"p1": p1, "p2": p2, "range": "per_dimension"}
    images, labels = pictures(batch, shape), [i % CLASSES for i in range(batch)]
    stream = Stream(seed, "adversarial trigger", epoch, step)
    rows = sorted(stream.permutation(batch)[: half_up(share * batch)])
    copies = np.array([stamp(images[row], draw(shape, spec, stream)) for row in rows])
    if placement == "add":
        images, labels = np.concatenate((images, copies)), labels + [labels[row] for row in rows]
    else:
        images[rows] = copies
    return {
        "shape": shape, "batch": batch, "share": share, "placement": placement, "p1": p1, "p2": p2, "seed": seed, "epoch": epoch, "step": step,
        "rows": rows, "labels": labels, "sha256": digest(images),
    }  # fmt: skip


def main() -> None:
    grey, colour = {"c": 1, "h": 8, "w": 7}, {"c": 3, "h": 5, "w": 6}
    cases = {
        "augmentation": [
            augmented(grey, 40, agents=4, clean=0.4, p1=0.4, p2=0.5, seed=1, collide=[]),
            augmented(colour, 50, agents=10, clean=0.4, p1=0.2, p2=0.2, seed=2, collide=[0, 3, 9]),
            augmented(grey, 31, agents=3, clean=0.0, p1=0.5, p2=0.2, seed=2**64 - 1, collide=[2]),
            augmented(colour, 25, agents=1, clean=0.75, p1=1.0, p2=1.0, seed=7, collide=[0]),
        ],
        "adversarial": [
            adversarial(grey, 8, share=0.5, placement="add", p1=0.2, p2=0.2, seed=1, epoch=0, step=0),
            adversarial(colour, 9, share=0.5, placement="add", p1=0.6, p2=0.4, seed=2, epoch=3, step=11),
            adversarial(colour, 7, share=1.0, placement="replace", p1=0.4, p2=1.0, seed=3, epoch=1, step=2),
            adversarial(grey, 5, share=0.3, placement="replace", p1=1.0, p2=0.1, seed=2**63, epoch=2, step=999),
        ],
    }
    text = "{\n" + ",\n".join(f' "{name}": [\n' + ",\n".join("  " + json.dumps(case) for case in of) + "\n ]" for name, of in cases.items()) + "\n}\n"
    Path(sys.argv[1]).write_text(text)


if __name__ == "__main__":
    main()
