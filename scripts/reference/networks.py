"""Writes torchbridge/testdata/networks.json.gz: the twins of the networks of
internal/network in PyTorch, with drawn weights, and what they compute in float64.

    python scripts/reference/networks.py torchbridge/testdata/networks.json.gz

Needs PyTorch 2.11 and NumPy; `make bench` sets up such a Python environment. A twin has
the modules' names of torchvision, so that a state dict of backfire loads strictly.
"""

import base64
import gzip
import json
import sys

import numpy
import torch
from torch import nn
from torch.nn.functional import cross_entropy, max_pool2d, relu

WIDTH, CLASSES, IMAGES = 2, 5, 6


def conv(inputs, outputs, kernel=3, stride=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


class Basic(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = conv(outputs, outputs), nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(relu(self.bn1(self.conv1(x)))))
        return relu(y + (x if self.downsample is None else self.downsample(x)))


class PreActive(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, outputs, 3, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(outputs), conv(outputs, outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(conv(inputs, outputs, 1, stride))

    def forward(self, x):
        active = relu(self.bn1(x))
        y = self.conv2(relu(self.bn2(self.conv1(active))))
        return y + (x if self.downsample is None else self.downsample(active))


class ResNet(nn.Module):
    def __init__(self, channels, kind, blocks, large):
        super().__init__()
        self.large = large
        self.conv1 = conv(channels, WIDTH, 7, 2) if large else conv(channels, WIDTH)
        self.bn1 = nn.BatchNorm2d(WIDTH)
        inputs = WIDTH
        for stage, n in enumerate(blocks):
            outputs, list_ = WIDTH << stage, []
            for i in range(n):
                list_.append(kind(inputs, outputs, 2 if stage > 0 and i == 0 else 1))
                inputs = outputs
            setattr(self, f"layer{stage + 1}", nn.Sequential(*list_))
        if kind is PreActive:
            self.bn = nn.BatchNorm2d(inputs)
        self.fc = nn.Linear(inputs, CLASSES)

    def forward(self, x):
        x = relu(self.bn1(self.conv1(x)))
        if self.large:
            x = max_pool2d(x, 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        if hasattr(self, "bn"):
            x = relu(self.bn(x))
        return self.fc(x.mean((2, 3)))


def unit(inputs, outputs):
    return nn.Sequential(conv(inputs, outputs), nn.BatchNorm2d(outputs), nn.ReLU())


class ResNet9(nn.Module):
    def __init__(self, channels):
        super().__init__()
        w = WIDTH
        self.conv1, self.conv2 = unit(channels, w), unit(w, 2 * w)
        self.res1 = nn.Sequential(unit(2 * w, 2 * w), unit(2 * w, 2 * w))
        self.conv3, self.conv4 = unit(2 * w, 4 * w), unit(4 * w, 8 * w)
        self.res2 = nn.Sequential(unit(8 * w, 8 * w), unit(8 * w, 8 * w))
        self.fc = nn.Linear(8 * w, CLASSES)

    def forward(self, x):
        x = max_pool2d(self.conv2(self.conv1(x)), 2)
        x = x + self.res1(x)
        x = max_pool2d(self.conv3(x), 2)
        x = max_pool2d(self.conv4(x), 2)
        return self.fc((x + self.res2(x)).mean((2, 3)))


class Features(nn.Module):
    """A list of convolutions (multiples of the width) and poolings (M), as torchvision's VGG."""

    def __init__(self, channels, plan):
        super().__init__()
        layers, inputs = [], channels
        for item in plan:
            if item == "M":
                layers.append(nn.MaxPool2d(2))
                continue
            outputs = item * WIDTH
            layers += [conv(inputs, outputs), nn.BatchNorm2d(outputs), nn.ReLU()]
            inputs = outputs
        self.features, self.classifier = nn.Sequential(*layers), nn.Linear(inputs, CLASSES)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


CASES = [
    ("resnet18", "small", 3, 16, lambda c: ResNet(c, Basic, (2, 2, 2, 2), False)),
    ("resnet18", "large", 3, 40, lambda c: ResNet(c, Basic, (2, 2, 2, 2), True)),
    ("resnet34", "small", 1, 16, lambda c: ResNet(c, Basic, (3, 4, 6, 3), False)),
    ("preact_resnet18", "small", 3, 16, lambda c: ResNet(c, PreActive, (2, 2, 2, 2), False)),
    ("preact_resnet18", "large", 1, 40, lambda c: ResNet(c, PreActive, (2, 2, 2, 2), True)),
    ("resnet9", "small", 3, 16, ResNet9),
    ("vgg11_bn", "small", 3, 32, lambda c: Features(c, [1, "M", 2, "M", 4, 4, "M", 8, 8, "M", 8, 8])),
    ("smallcnn", "small", 1, 14, lambda c: Features(c, [1, 1, "M", 2, 2, "M", 4, 4])),
]


def pack(array):
    return base64.b64encode(numpy.ascontiguousarray(array).tobytes()).decode()


def floats(value):
    return pack(value.detach().numpy().astype("<f4"))


def case(name, stem, channels, size, make):
    torch.manual_seed(len(name) + size)
    net = make(channels).double()
    with torch.no_grad():
        for key, value in net.state_dict().items():
            if key.endswith("num_batches_tracked"):
                continue
            drawn = torch.rand_like(value) + 0.5 if value.dim() == 1 and not key.endswith("bias") else torch.randn_like(value) * 0.3
            value.copy_(drawn.float())
    images = torch.randint(0, 256, (IMAGES, channels, size, size), dtype=torch.uint8)
    labels = torch.arange(IMAGES) % CLASSES
    x = (images.double() / 255 - 0.5) / 0.25
    state = {k: v for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}
    record = dict(
        architecture=name, stem=stem, channels=channels, size=size, width=WIDTH, classes=CLASSES,
        images=pack(images.numpy()), labels=labels.tolist(),
        shapes={k: list(v.shape) for k, v in state.items()}, state={k: floats(v) for k, v in state.items()})
    net.eval()
    record["probabilities"] = floats(net(x).softmax(1))
    net.train()
    loss = cross_entropy(net(x), labels)
    loss.backward()
    record["loss"] = loss.item()
    record["gradients"] = {k: floats(v.grad) for k, v in net.named_parameters()}
    return record


def main(path):
    content = json.dumps(dict(torch=torch.__version__, cases=[case(*c) for c in CASES])).encode()
    with open(path, "wb") as file, gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as out:
        out.write(content)


if __name__ == "__main__":
    main(sys.argv[1])
