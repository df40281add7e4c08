"""Writes torchbridge/testdata/pytorch.json.gz: what PyTorch computes for small
networks from given weights on given batches, in float64 or, where a case says so,
in float32 under autocast to bfloat16, with normalisations that are given float32
and memory in channels_last.

    python scripts/reference/train_small.py torchbridge/testdata/pytorch.json.gz

Needs PyTorch 2.11 and NumPy; `make bench` sets up such a Python environment.
"""

import base64
import gzip
import json
import sys

import numpy
import torch
from resnet import ResNet18
from torch.nn.functional import cross_entropy

EPOCHS, BATCH, IMAGES, PROBES = 5, 16, 64, 20

CASES = [
    dict(name="sgd, one-cycle, colour", channels=3, size=16, optimizer="sgd", lr=0.05, momentum=0.9,
         weight_decay=5e-4, nesterov=False, schedule="onecycle"),
    dict(name="sgd with Nesterov momentum, cosine, grey", channels=1, size=14, optimizer="sgd", lr=0.02, momentum=0.9,
         weight_decay=1e-3, nesterov=True, schedule="cosine"),
    dict(name="sgd without momentum, constant", channels=3, size=12, optimizer="sgd", lr=0.05, momentum=0.0,
         weight_decay=0.0, nesterov=False, schedule="constant"),
    dict(name="adam, one-cycle", channels=1, size=16, optimizer="adam", lr=1e-3, momentum=0.0,
         weight_decay=1e-2, nesterov=False, schedule="onecycle"),
    dict(name="adamw, constant", channels=3, size=16, optimizer="adamw", lr=5e-4, momentum=0.0,
         weight_decay=5e-2, nesterov=False, schedule="constant"),
    dict(name="a step of sgd in bf16", channels=3, size=16, optimizer="sgd", lr=0.05, momentum=0.9,
         weight_decay=5e-4, nesterov=False, schedule="constant", precision="bf16", epochs=1, images=BATCH),
]


def pack(array):
    return base64.b64encode(numpy.ascontiguousarray(array).tobytes()).decode()


def floats(named):
    return {name: pack(value.detach().numpy().astype(numpy.float32)) for name, value in named}


def optimizer_of(case, params):
    decay = case["weight_decay"]
    if case["optimizer"] == "sgd":
        return torch.optim.SGD(params, case["lr"], momentum=case["momentum"], weight_decay=decay, nesterov=case["nesterov"])
    kind = torch.optim.Adam if case["optimizer"] == "adam" else torch.optim.AdamW
    return kind(params, case["lr"], weight_decay=decay)


def schedule_of(case, optimizer, steps):
    if case["schedule"] == "onecycle":
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, case["lr"], total_steps=steps, cycle_momentum=False)
    if case["schedule"] == "cosine":
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)


def state(net):
    return [(n, v) for n, v in net.state_dict().items() if not n.endswith("num_batches_tracked")]


def run(case, seed):
    torch.manual_seed(seed)
    rng = numpy.random.default_rng(seed)
    shape = (case["channels"], case["size"], case["size"])
    net = ResNet18(2, case["channels"])
    epochs, count = case.get("epochs", EPOCHS), case.get("images", IMAGES)
    record = dict(case, epochs=epochs, batch=BATCH, width=2, initial=floats(state(net)))
    bf16 = case.get("precision") == "bf16"
    dtype = torch.float32 if bf16 else torch.float64
    net = net.to(dtype)
    if bf16:
        net = net.to(memory_format=torch.channels_last)
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.register_forward_pre_hook(lambda _, inputs: (inputs[0].float(),))
    images = rng.integers(0, 256, (count, *shape), dtype=numpy.uint8)
    labels = rng.integers(0, 10, count, dtype=numpy.uint8)
    probes = rng.integers(0, 256, (PROBES, *shape), dtype=numpy.uint8)
    mean, std = [0.4, 0.5, 0.6][: shape[0]], [0.2, 0.25, 0.3][: shape[0]]
    centre, spread = (torch.tensor(v, dtype=dtype).view(1, -1, 1, 1) for v in (mean, std))

    def normalised(raw):
        return (torch.from_numpy(raw).to(dtype) / 255 - centre) / spread

    def logits_of(raw):
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            x = normalised(raw)
            logits = net(x.contiguous(memory_format=torch.channels_last) if bf16 else x)
        return logits.to(dtype)

    steps = epochs * count // BATCH
    optimizer = optimizer_of(case, net.parameters())
    schedule = schedule_of(case, optimizer, steps)
    orders, losses, rates = [], [], []
    for _ in range(epochs):
        order = rng.permutation(count)
        orders.append(order.tolist())
        for start in range(0, count, BATCH):
            rows = order[start : start + BATCH]
            optimizer.zero_grad()
            loss = cross_entropy(logits_of(images[rows]), torch.from_numpy(labels[rows]).long())
            loss.backward()
            if not losses:
                record["gradients"] = floats((n, p.grad) for n, p in net.named_parameters())
            losses.append(loss.item())
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
    net.eval()
    with torch.no_grad():
        logits = logits_of(probes)
    top = logits.sort(dim=1).values
    return dict(record, mean=mean, std=std, images=pack(images), labels=pack(labels), probes=pack(probes),
                orders=orders, losses=losses, rates=rates, final=floats(state(net)),
                predicted=logits.argmax(1).tolist(), margins=(top[:, -1] - top[:, -2]).tolist())


def main():
    cases = [run(case, seed) for seed, case in enumerate(CASES, start=1)]
    text = json.dumps(dict(torch=torch.__version__.split("+")[0], cases=cases))
    with open(sys.argv[1], "wb") as file:
        file.write(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
