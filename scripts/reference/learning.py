"""Writes torchbridge/testdata/learning.json: how the twins of the networks of
internal/network in PyTorch learn a small set with the default settings of a training.

    python scripts/reference/learning.py torchbridge/testdata/learning.json

Needs PyTorch 2.11 and NumPy; `make bench` sets up such a Python environment. Images and
initial weights are drawn by a linear congruential generator, which
torchbridge/learning_test.go repeats, and each twin is trained in float64. It takes half a
minute on two cores.

The losses of the first steps agree to three digits. Later on a difference in the last bit
grows in the deep networks: in float32 PyTorch's own ResNet-18 with the stem for large
images ends with 0.17 instead of 0.07, ResNet-34 with 1.11 instead of 0.98.
"""

import json
import sys

import networks
import numpy
import torch
from torch.nn.functional import cross_entropy

IMAGES, CLASSES, WIDTH, BATCH, EPOCHS = 320, 10, 4, 32, 5
RATE, MOMENTUM, DECAY = 0.1, 0.9, 5e-4
FIRST = 4  # steps whose losses are compared one by one

networks.WIDTH, networks.CLASSES = WIDTH, CLASSES

CASES = [
    ("resnet18", "small", 16, lambda c: networks.ResNet(c, networks.Basic, (2, 2, 2, 2), False)),
    ("resnet18", "large", 32, lambda c: networks.ResNet(c, networks.Basic, (2, 2, 2, 2), True)),
    ("resnet34", "small", 16, lambda c: networks.ResNet(c, networks.Basic, (3, 4, 6, 3), False)),
    ("resnet34", "large", 32, lambda c: networks.ResNet(c, networks.Basic, (3, 4, 6, 3), True)),
    ("preact_resnet18", "small", 16, lambda c: networks.ResNet(c, networks.PreActive, (2, 2, 2, 2), False)),
    ("preact_resnet18", "large", 32, lambda c: networks.ResNet(c, networks.PreActive, (2, 2, 2, 2), True)),
    ("resnet9", "small", 16, networks.ResNet9),
    ("vgg11_bn", "small", 16, lambda c: networks.Features(c, [1, "M", 2, "M", 4, 4, "M", 8, 8, "M", 8, 8])),
    ("smallcnn", "small", 16, lambda c: networks.Features(c, [1, 1, "M", 2, 2, "M", 4, 4])),
]


def draws(seed, count):
    """Returns values in [0, 1)."""
    state, values = seed, numpy.empty(count)
    for i in range(count):
        state = (1664525 * state + 1013904223) % 2**32
        values[i] = (state >> 8) / 2**24
    return values


def images_of(size):
    """Returns images of one channel: a pattern of their class, and noise."""
    patterns = (draws(1, CLASSES * size * size) * 128).astype(numpy.uint8).reshape(CLASSES, -1)
    noise = (draws(2, IMAGES * size * size) * 128).astype(numpy.uint8).reshape(IMAGES, -1)
    labels = numpy.arange(IMAGES) % CLASSES
    return (patterns[labels] + noise).reshape(IMAGES, 1, size, size), labels


def initialise(net):
    """Draws weights with the variances of torchvision's initial ones."""
    with torch.no_grad():
        for index, (name, value) in enumerate(net.named_parameters()):
            if value.dim() == 4:
                bound = (6 / (value.shape[0] * value.shape[2] * value.shape[3])) ** 0.5
            elif value.dim() == 2:
                bound = value.shape[1] ** -0.5
            else:
                continue  # normalisations begin as the identity, the last bias as 0
            drawn = (2 * draws(index + 3, value.numel()) - 1) * bound
            value.copy_(torch.from_numpy(drawn.astype(numpy.float32)).reshape(value.shape))
        for name in ("fc", "classifier"):
            if hasattr(net, name):
                getattr(net, name).bias.zero_()


def learn(name, stem, size, make):
    images, labels = images_of(size)
    net = make(1).double()
    initialise(net)
    x = (torch.from_numpy(images).double() / 255 - 0.5) / 0.25
    y = torch.from_numpy(labels)
    optimizer = torch.optim.SGD(net.parameters(), RATE, MOMENTUM, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, RATE, EPOCHS * IMAGES // BATCH, cycle_momentum=False)
    losses, hits, first = [], [], []
    net.train()
    for _ in range(EPOCHS):
        total, right = 0.0, 0
        for at in range(0, IMAGES, BATCH):
            logits = net(x[at:at + BATCH])
            loss = cross_entropy(logits, y[at:at + BATCH])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if len(first) < FIRST:
                first.append(loss.item())
            total += loss.item() * BATCH
            right += (logits.argmax(1) == y[at:at + BATCH]).sum().item()
        losses.append(round(total / IMAGES, 6))
        hits.append(round(right / IMAGES, 6))
    print(name, stem, losses, hits)
    return dict(architecture=name, stem=stem, size=size, steps=first, losses=losses, accuracies=hits)


def main(path):
    torch.set_num_threads(1)
    cases = [learn(*c) for c in CASES]
    content = dict(
        torch=torch.__version__, images=IMAGES, classes=CLASSES, width=WIDTH, batch=BATCH, epochs=EPOCHS, cases=cases)
    with open(path, "w") as file:
        json.dump(content, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
