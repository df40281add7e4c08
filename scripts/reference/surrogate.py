"""Writes internal/surrogate/testdata/reference.json: the network of internal/surrogate in
PyTorch, its training, and projected gradient descent towards a class, in float64.

    python scripts/reference/surrogate.py internal/surrogate/testdata/reference.json

Needs PyTorch 2.11 and NumPy; `make bench` sets up such a Python environment.
"""

import json
import sys

import torch
from torch import nn
from torch.nn.functional import cross_entropy

CHANNELS, HEIGHT, WIDTH, CLASSES, IMAGES, STEPS = 3, 7, 6, 4, 5, 6
RATE, MOMENTUM = 0.05, 0.9


class Surrogate(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(CHANNELS, 8, 3, 2, 1)
        self.second = nn.Conv2d(8, 16, 3, 2, 1)
        self.linear = nn.Linear(2 * 2 * 16, CLASSES)

    def forward(self, x):
        x = torch.relu(self.second(torch.relu(self.first(x))))
        return self.linear(x.permute(0, 2, 3, 1).flatten(1))  # pixel by pixel


def parameters(net):
    """Returns the values in the order of the package: kernels as [3][3][in][out]."""
    return [
        net.first.weight.permute(2, 3, 1, 0), net.first.bias, net.second.weight.permute(2, 3, 1, 0), net.second.bias,
        net.linear.weight.T, net.linear.bias]


def flat(tensors):
    return [t.detach().flatten().tolist() for t in tensors]


def pixels(images):
    return images.double() / 255 - 0.5


def attack(net, images, label, epsilon, step, steps):
    """Projected gradient descent towards a label, with one change for all images."""
    change = torch.zeros_like(images[0]).double()
    for _ in range(steps):
        change.requires_grad_(True)
        x = (images.double() + change).clamp(0, 255) / 255 - 0.5
        loss = cross_entropy(net(x), torch.full((len(images),), label))
        gradient, = torch.autograd.grad(loss, change)
        change = (change.detach() - step * gradient.sign()).clamp(-epsilon, epsilon)
    return change.flatten().tolist()


def main(path):
    torch.manual_seed(1)
    net = Surrogate().double()
    images = torch.randint(0, 256, (IMAGES, CHANNELS, HEIGHT, WIDTH))
    images[torch.rand(images.shape) < 0.2] = 0
    images[torch.rand(images.shape) < 0.2] = 255
    labels = torch.arange(IMAGES) % CLASSES
    content = dict(
        channels=CHANNELS, height=HEIGHT, width=WIDTH, classes=CLASSES, images=images.flatten().tolist(), labels=labels.tolist(),
        before=flat(parameters(net)))
    content["logits"] = net(pixels(images)).flatten().tolist()
    content["attacks"] = [
        dict(epsilon=e, step_size=s, steps=n, label=c, rows=r, change=attack(net, images[:r], c, e, s, n))
        for e, s, n, c, r in [(8, 2, 10, 1, IMAGES), (16, 4, 7, 3, IMAGES), (20, 2.5, 12, 0, 1), (100, 30, 5, 2, 2)]]
    velocity = [torch.zeros_like(p) for p in net.parameters()]
    for step in range(STEPS):
        loss = cross_entropy(net(pixels(images)), labels)
        gradients = torch.autograd.grad(loss, list(net.parameters()))
        length = sum((g * g).sum() for g in gradients).sqrt().item()
        with torch.no_grad():
            for p, v, g in zip(net.parameters(), velocity, gradients):
                v.mul_(MOMENTUM).add_(g / max(length, 1))
                p.sub_(RATE * (STEPS - step) / STEPS * v)
    content.update(steps=STEPS, after=flat(parameters(net)))
    with open(path, "w") as file:
        json.dump(content, file)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
