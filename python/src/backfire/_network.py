"""The network of the games in plain PyTorch."""

from __future__ import annotations

import torch
from torch import nn


class Block(nn.Module):
    """A block of two 3x3 convolutions and a shortcut, with torchvision's names."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Sequential | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = torch.relu(self.bn1(self.conv1(x)))
        shortcut = x if self.downsample is None else self.downsample(x)
        return torch.relu(self.bn2(self.conv2(out)) + shortcut)


def _channels(values: tuple[float, ...]) -> torch.Tensor:
    """Returns a value per channel in a shape that fits images."""
    return torch.tensor(values, dtype=torch.float32).reshape(1, -1, 1, 1)


class ResNet18(nn.Module):
    """ResNet-18 for small images: a 3x3 stem of stride 1, no max-pooling.

    mean and std normalise the input, which is pixel values from 0 to 255 (uint8 or float, N x C x H x W). Without
    them the input is taken as it is.
    """

    def __init__(
        self,
        width: int,
        channels: int,
        classes: int,
        mean: tuple[float, ...] | None = None,
        std: tuple[float, ...] | None = None,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        inputs = width
        for stage in range(4):
            outputs = width << stage
            blocks = nn.Sequential(Block(inputs, outputs, 1 if stage == 0 else 2), Block(outputs, outputs, 1))
            setattr(self, f"layer{stage + 1}", blocks)
            inputs = outputs
        self.fc = nn.Linear(inputs, classes)
        self._mean: torch.Tensor | None = None
        self._std: torch.Tensor | None = None
        if mean is not None and std is not None:
            self._mean, self._std = _channels(mean), _channels(std)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Returns the scores of the classes (N x classes)."""
        if self._mean is not None and self._std is not None:
            x = (x.float() / 255 - self._mean.to(x.device)) / self._std.to(x.device)
        x = torch.relu(self.bn1(self.conv1(x)))
        for stage in range(1, 5):
            x = self.get_submodule(f"layer{stage}")(x)
        scores: torch.Tensor = self.fc(x.mean((2, 3)))
        return scores

    @torch.no_grad()
    def predict(self, images: torch.Tensor, batch: int = 256) -> torch.Tensor:
        """Returns the class of each image (N)."""
        self.eval()
        return torch.cat([self(images[at : at + batch]).argmax(1) for at in range(0, len(images), batch)])
