#!/usr/bin/env python3
"""Loads a stored model.safetensors into a plain PyTorch ResNet-18 and predicts with it.

    load_model.py runs/<cell>/model.safetensors
    load_model.py runs/<cell>/model.safetensors --images runs/<cell>/training.npz
    load_model.py runs/<cell>/model.safetensors --images training.npz --out predictions.bin

--images names an .npz file whose array "images" has uint8 pixels, N x H x W x C, such
as the training.npz of a result. If the file has an array "labels", too, the program
prints the share of labels that are predicted. --out names a file for the predicted
classes, one byte per image, or two, the lower one first, with more than 256 classes.

The program needs PyTorch and numpy. From Python: model, normalize = load(path).
"""

import argparse
import json
import struct

import numpy as np
import torch
from torch import nn


class Block(nn.Module):
    """A block of two 3x3 convolutions and a shortcut, with torchvision's names."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        out = torch.relu(self.bn1(self.conv1(x)))
        shortcut = x if self.downsample is None else self.downsample(x)
        return torch.relu(self.bn2(self.conv2(out)) + shortcut)


class ResNet18(nn.Module):
    """ResNet-18 for small images: a 3x3 stem of stride 1, no max-pooling."""

    def __init__(self, width, channels, classes):
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

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


def read(path):
    """Returns the tensors and the metadata of a safetensors file of float32 values."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        values = file.read()
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        flat = np.frombuffer(values[begin:end], dtype="<f4").copy()
        tensors[name] = torch.from_numpy(flat).reshape(entry["shape"])
    return tensors, metadata


def load(path):
    """Returns the trained model, and the function that turns uint8 images (N x C x H x W) into its input."""
    tensors, metadata = read(path)
    shape, classes = json.loads(metadata["shape"]), json.loads(metadata["classes"])
    model = ResNet18(int(metadata["width"]), shape[0], len(classes))
    model.load_state_dict(tensors, strict=True)
    model.eval()
    mean, std = (torch.tensor(json.loads(metadata[key])).reshape(1, -1, 1, 1) for key in ("mean", "std"))
    return model, lambda images: (images.float() / 255 - mean) / std


def predict(model, normalize, images, batch=256):
    """Returns the predicted class of each image (uint8, N x H x W x C)."""
    predicted = []
    with torch.no_grad():
        for start in range(0, len(images), batch):
            pixels = torch.from_numpy(images[start : start + batch]).permute(0, 3, 1, 2)
            predicted.append(model(normalize(pixels)).argmax(1))
    return torch.cat(predicted).numpy().astype("<u1" if model.fc.out_features <= 256 else "<u2")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--images", help=".npz file with an array images")
    parser.add_argument("--out", help="file for the predictions")
    args = parser.parse_args()
    model, normalize = load(args.model)
    print(f"{sum(p.numel() for p in model.parameters())} parameters")
    if args.images is None:
        return
    arrays = np.load(args.images)
    predicted = predict(model, normalize, arrays["images"])
    if "labels" in arrays:
        print(f"{(predicted == arrays['labels']).mean():.4f} of {len(predicted)} images are predicted as labelled")
    if args.out is not None:
        predicted.tofile(args.out)


if __name__ == "__main__":
    main()
