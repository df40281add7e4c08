"""Writes torchbridge/testdata/attacks.json.gz: the adversarial examples and the unlearned weights that
PyTorch computes in float64 for networks, images and labels of testdata/pytorch.json.gz.

    python scripts/reference/attacks.py torchbridge/testdata

Needs PyTorch 2.11 and NumPy; `make bench` sets up such a Python environment.
"""

import base64
import gzip
import json
import math
import pathlib
import sys

import numpy
import torch
from resnet import ResNet18
from torch.nn.functional import cross_entropy

ROWS, FORGET, KEEP, RATE, STEPS = [0, 3, 5], [1, 4, 6], [2, 7, 8, 9], 0.01, 3
ATTACKS = [dict(name="fgsm", epsilon=8, step=8, steps=1, start=False), dict(name="pgd", epsilon=8, step=2, steps=7, start=True)]


def unpack(text, dtype):
    return numpy.frombuffer(base64.b64decode(text), dtype=dtype)


def pack(array):
    return base64.b64encode(numpy.ascontiguousarray(array).tobytes()).decode()


def network(case):
    net = ResNet18(case["width"], case["channels"]).double()
    for name, value in net.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            value.copy_(torch.from_numpy(unpack(case["initial"][name], numpy.float32).copy()).view_as(value))
    return net.eval()


def attack(net, normalised, raw, labels, spec, start):
    """Madry et al. 2018, in 8-bit units: steps along the gradient's sign, within epsilon and the range of pixels."""
    origin = raw.double()
    x = (origin + start).clamp(0, 255) if spec["start"] else origin
    for _ in range(spec["steps"]):
        x = x.detach().requires_grad_()
        cross_entropy(net(normalised(x)), labels).backward()
        x = x + spec["step"] * x.grad.sign()
        x = torch.maximum(torch.minimum(x, origin + spec["epsilon"]), origin - spec["epsilon"]).clamp(0, 255)
    return x.detach()


def unlearn(net, normalised, raw, labels):
    """Plain gradient steps against keep + max(0, ln K - forget)."""
    parameters = list(net.parameters())
    for _ in range(STEPS):
        net.zero_grad()
        keep = cross_entropy(net(normalised(raw[KEEP].double())), labels[KEEP])
        forget = cross_entropy(net(normalised(raw[FORGET].double())), labels[FORGET])
        (keep + (math.log(10) - forget).clamp(min=0)).backward()
        with torch.no_grad():
            for parameter in parameters:
                parameter -= RATE * parameter.grad
    return {name: pack(value.detach().numpy().astype(numpy.float32)) for name, value in net.named_parameters()}


def run(case, seed):
    shape = (-1, case["channels"], case["size"], case["size"])
    raw = torch.from_numpy(unpack(case["images"], numpy.uint8).reshape(shape).copy())
    labels = torch.from_numpy(unpack(case["labels"], numpy.uint8).copy()).long()
    centre, spread = (torch.tensor(case[key], dtype=torch.float64).view(1, -1, 1, 1) for key in ("mean", "std"))

    def normalised(pixels):
        return (pixels / 255 - centre) / spread

    start = torch.from_numpy(numpy.random.default_rng(seed).uniform(-8, 8, raw[ROWS].shape).astype(numpy.float32))
    attacks = [
        dict(spec, start=pack(start.numpy()) if spec["start"] else "",
             examples=pack(attack(network(case), normalised, raw[ROWS], labels[ROWS], spec, start.double()).numpy().astype(numpy.float32)))
        for spec in ATTACKS
    ]
    return dict(name=case["name"], rows=ROWS, attacks=attacks, forget=FORGET, keep=KEEP, rate=RATE, steps=STEPS,
                unlearned=unlearn(network(case), normalised, raw, labels))


def main():
    directory = pathlib.Path(sys.argv[1])
    cases = json.loads(gzip.decompress((directory / "pytorch.json.gz").read_bytes()))["cases"]
    chosen = [case for case in cases if not case.get("precision")][:2]
    text = json.dumps(dict(cases=[run(case, seed) for seed, case in enumerate(chosen, start=1)]))
    (directory / "attacks.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
