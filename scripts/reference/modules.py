"""Writes the TorchScript modules of engine/testdata: networks of a few hundred weights for
images of 1x8x8 and the classes of the tests' dataset.

    python scripts/reference/modules.py engine/testdata

Needs PyTorch 2.11; `make bench` sets up such a Python environment. learnt.json holds the
losses of the first steps of module.pt in PyTorch, in float32, without its dropout.
"""

import json
import os
import sys

import torch
from torch import nn
from torch.nn.functional import cross_entropy

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import torchscript_module

SHAPE, CLASSES = (1, 8, 8), 4


class Small(nn.Module):
    """Convolution, normalisation, dropout and two linear layers."""

    def __init__(self, dropout: float):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 6, 3, 2, 1), nn.BatchNorm2d(6)
        self.hidden, self.drop, self.last = nn.Linear(96, 12), nn.Dropout(dropout), nn.Linear(12, CLASSES)

    @torch.jit.export
    def penultimate(self, x):
        x = torch.relu(self.norm(self.conv(x)))
        return torch.relu(self.hidden(x.view(x.size(0), -1)))

    def forward(self, x):
        return self.last(self.drop(self.penultimate(x)))


class Plain(nn.Module):
    """A linear layer without features and normalisations."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(64, CLASSES)

    def forward(self, x):
        return self.last(x.flatten(1))


class Writing(Plain):
    """Writes a file, which is refused."""

    def forward(self, x):
        y = self.last(x.flatten(1))
        torch.save(y, "/tmp/written-by-a-module")
        return y


class Constant(Plain):
    """Its logits are not finite in training."""

    def forward(self, x):
        y = self.last(x.flatten(1))
        return y / 0 if self.training else y


def learnt():
    torch.manual_seed(1)
    net = Small(0.0)
    pixels = (torch.arange(32 * 64) * 7919 % 251).reshape(32, 1, 8, 8)
    labels = torch.arange(32) % CLASSES
    x = (pixels / 255 - 0.5) / 0.25
    optimizer = torch.optim.SGD(net.parameters(), 0.1, 0.9)
    losses = []
    for _ in range(6):
        loss = cross_entropy(net(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    net.eval()
    return dict(losses=losses, probabilities=net(x).softmax(1).flatten().tolist(), features=net.penultimate(x).flatten().tolist())


def main(directory):
    def write(name, module):
        torchscript_module.save(module, os.path.join(directory, name), SHAPE, CLASSES)

    os.makedirs(directory, exist_ok=True)
    torch.manual_seed(1)
    write("module.pt", Small(0.5))
    torch.manual_seed(1)
    write("module-without-dropout.pt", Small(0.0))
    write("plain.pt", Plain())
    torch.jit.script(Plain()).save(os.path.join(directory, "undescribed.pt"))
    described = json.dumps(torchscript_module.describe(Plain(), SHAPE, CLASSES))
    for name, module in (("writing.pt", Writing()), ("infinite.pt", Constant())):
        torch.jit.script(module).save(os.path.join(directory, name), _extra_files={"backfire.json": described})
    with open(os.path.join(directory, "learnt.json"), "w") as file:
        json.dump(learnt(), file)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
