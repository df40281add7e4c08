"""The networks of the games in plain PyTorch, under the names that stored models have."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.nn.functional import conv2d, max_pool2d

STAGES = 4


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


class Shortcut(nn.Conv2d):
    """A 1x1 convolution with a stride, computed as one without a stride of the pixels that the stride keeps.

    With fewer input channels than a vector has lanes, PyTorch 2.11's gradient of the strided one writes beyond its
    memory on processors that have AVX2 alone (oneDNN issue 6035).
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__(inputs, outputs, 1, bias=False)
        self.every = stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return conv2d(x[:, :, :: self.every, :: self.every], self.weight)


class Block(nn.Module):
    """A block of two 3x3 convolutions and a shortcut, with torchvision's names."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _conv(inputs, outputs, 3, stride)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = _conv(outputs, outputs)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Sequential | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(Shortcut(inputs, outputs, stride), nn.BatchNorm2d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = torch.relu(self.bn1(self.conv1(x)))
        shortcut = x if self.downsample is None else self.downsample(x)
        return torch.relu(self.bn2(self.conv2(out)) + shortcut)


class PreActiveBlock(nn.Module):
    """A block that normalises before it convolves."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = _conv(inputs, outputs, 3, stride)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv2 = _conv(outputs, outputs)
        self.downsample: nn.Sequential | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(Shortcut(inputs, outputs, stride))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        active = torch.relu(self.bn1(x))
        out: torch.Tensor = self.conv2(torch.relu(self.bn2(self.conv1(active))))
        return out + (x if self.downsample is None else self.downsample(active))


def _channels(values: tuple[float, ...]) -> torch.Tensor:
    """Returns a value per channel in a shape that fits images."""
    return torch.tensor(values, dtype=torch.float32).reshape(1, -1, 1, 1)


class Network(nn.Module):
    """A network of a game.

    mean and std normalise the input, which is pixel values from 0 to 255 (uint8 or float, N x C x H x W). Without
    them the input is taken as it is.
    """

    def __init__(self, mean: tuple[float, ...] | None = None, std: tuple[float, ...] | None = None) -> None:
        super().__init__()
        self._mean: torch.Tensor | None = None
        self._std: torch.Tensor | None = None
        if mean is not None and std is not None:
            self._mean, self._std = _channels(mean), _channels(std)

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        """Returns the scores of the classes for normalised images."""
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Returns the scores of the classes (N x classes)."""
        if self._mean is not None and self._std is not None:
            x = (x.float() / 255 - self._mean.to(x.device)) / self._std.to(x.device)
        return self.scores(x)

    @torch.no_grad()
    def predict(self, images: torch.Tensor, batch: int = 256) -> torch.Tensor:
        """Returns the class of each image (N)."""
        self.eval()
        return torch.cat([self(images[at : at + batch]).argmax(1) for at in range(0, len(images), batch)])


class ResNet(Network):
    """A ResNet of four stages of blocks.

    Its stem is a 3x3 convolution of stride 1 for small images, or with large a 7x7 one of stride 2 and max-pooling.
    """

    def __init__(
        self,
        kind: type[Block] | type[PreActiveBlock],
        blocks: Sequence[int],
        width: int,
        channels: int,
        classes: int,
        mean: tuple[float, ...] | None = None,
        std: tuple[float, ...] | None = None,
        large: bool = False,
    ) -> None:
        super().__init__(mean, std)
        self._large = large
        self.conv1 = _conv(channels, width, 7, 2) if large else _conv(channels, width)
        self.bn1 = nn.BatchNorm2d(width)
        inputs = width
        for stage, count in enumerate(blocks):
            outputs, parts = width << stage, []
            for at in range(count):
                parts.append(kind(inputs, outputs, 2 if stage > 0 and at == 0 else 1))
                inputs = outputs
            setattr(self, f"layer{stage + 1}", nn.Sequential(*parts))
        self.bn: nn.BatchNorm2d | None = nn.BatchNorm2d(inputs) if kind is PreActiveBlock else None
        self.fc = nn.Linear(inputs, classes)

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.bn1(self.conv1(x)))
        if self._large:
            x = max_pool2d(x, 3, 2, 1)
        for stage in range(1, STAGES + 1):
            x = self.get_submodule(f"layer{stage}")(x)
        if self.bn is not None:
            x = torch.relu(self.bn(x))
        scores: torch.Tensor = self.fc(x.mean((2, 3)))
        return scores


class ResNet18(ResNet):
    """ResNet-18, by default for small images: a 3x3 stem of stride 1, no max-pooling."""

    def __init__(
        self,
        width: int,
        channels: int,
        classes: int,
        mean: tuple[float, ...] | None = None,
        std: tuple[float, ...] | None = None,
        large: bool = False,
    ) -> None:
        super().__init__(Block, (2, 2, 2, 2), width, channels, classes, mean, std, large)


def _unit(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(_conv(inputs, outputs), nn.BatchNorm2d(outputs), nn.ReLU())


class ResNet9(Network):
    """The ResNet-9 of DAWNBench's entries."""

    def __init__(
        self, width: int, channels: int, classes: int, mean: tuple[float, ...] | None = None, std: tuple[float, ...] | None = None
    ) -> None:
        super().__init__(mean, std)
        self.conv1, self.conv2 = _unit(channels, width), _unit(width, 2 * width)
        self.res1 = nn.Sequential(_unit(2 * width, 2 * width), _unit(2 * width, 2 * width))
        self.conv3, self.conv4 = _unit(2 * width, 4 * width), _unit(4 * width, 8 * width)
        self.res2 = nn.Sequential(_unit(8 * width, 8 * width), _unit(8 * width, 8 * width))
        self.fc = nn.Linear(8 * width, classes)

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        x = max_pool2d(self.conv2(self.conv1(x)), 2)
        x = x + self.res1(x)
        x = max_pool2d(self.conv3(x), 2)
        x = max_pool2d(self.conv4(x), 2)
        scores: torch.Tensor = self.fc((x + self.res2(x)).mean((2, 3)))
        return scores


class Plain(Network):
    """Convolutions, as multiples of the width, and poolings (0), under the names of torchvision's VGG."""

    def __init__(
        self,
        plan: Sequence[int],
        width: int,
        channels: int,
        classes: int,
        mean: tuple[float, ...] | None = None,
        std: tuple[float, ...] | None = None,
    ) -> None:
        super().__init__(mean, std)
        layers: list[nn.Module] = []
        inputs = channels
        for times in plan:
            if times == 0:
                layers.append(nn.MaxPool2d(2))
                continue
            layers += [_conv(inputs, times * width), nn.BatchNorm2d(times * width), nn.ReLU()]
            inputs = times * width
        self.features, self.classifier = nn.Sequential(*layers), nn.Linear(inputs, classes)

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.classifier(self.features(x).mean((2, 3)))
        return scores


_VGG11 = (1, 0, 2, 0, 4, 4, 0, 8, 8, 0, 8, 8)
_SMALL = (1, 1, 0, 2, 2, 0, 4, 4)


def network(
    architecture: str,
    width: int,
    channels: int,
    classes: int,
    mean: tuple[float, ...] | None = None,
    std: tuple[float, ...] | None = None,
    large: bool = False,
) -> Network:
    """Returns a network by the name that the setting model.architecture has; large is model.stem=large.

    Raises ValueError for another name.
    """
    resnets: dict[str, tuple[type[Block] | type[PreActiveBlock], tuple[int, ...]]] = {
        "resnet18": (Block, (2, 2, 2, 2)),
        "resnet34": (Block, (3, 4, 6, 3)),
        "preact_resnet18": (PreActiveBlock, (2, 2, 2, 2)),
    }
    if architecture == "resnet18":
        return ResNet18(width, channels, classes, mean, std, large)
    if architecture in resnets:
        kind, blocks = resnets[architecture]
        return ResNet(kind, blocks, width, channels, classes, mean, std, large)
    others: dict[str, Callable[[], Network]] = {
        "resnet9": lambda: ResNet9(width, channels, classes, mean, std),
        "vgg11_bn": lambda: Plain(_VGG11, width, channels, classes, mean, std),
        "smallcnn": lambda: Plain(_SMALL, width, channels, classes, mean, std),
    }
    if architecture not in others:
        raise ValueError(f"the network {architecture} is not known here: {', '.join([*resnets, *others])} are")
    return others[architecture]()
