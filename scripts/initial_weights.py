#!/usr/bin/env python3
"""Makes the file of initial weights for model.weights from a PyTorch state dict.

    initial_weights.py resnet18.pth weights.safetensors
    initial_weights.py checkpoint.pt weights.safetensors --key state_dict --prefix module.

The state dict must be of a ResNet-18 under torchvision's names, such as
torchvision.models.resnet18(weights="DEFAULT").state_dict(). Counters
(num_batches_tracked) are left out, and all values become float32. The convolution of
the stem and the last layer may have any shape: backfire draws those that do not fit.
--key names the entry of a checkpoint that holds the state dict, --prefix a text that
each name begins with.

The same state dict gives the same bytes, whose SHA-256 is part of the name of every
model that starts from them. The program needs PyTorch and numpy. It runs no code from the file.
"""

import argparse
import json
import re
import struct
import sys

import torch

# The names of a ResNet-18's parameters and running statistics.
NORM = r"(weight|bias|running_mean|running_var)"
NAMES = re.compile(
    rf"conv1\.weight|bn1\.{NORM}|fc\.(weight|bias)"
    rf"|layer[1-4]\.[01]\.(conv[12]\.weight|bn[12]\.{NORM})"
    rf"|layer[1-4]\.0\.downsample\.(0\.weight|1\.{NORM})"
)


def state_dict(path, key, prefix):
    """Reads a state dict, without counters, with names that begin with conv1, layer1 and so on."""
    content = torch.load(path, map_location="cpu", weights_only=True)
    if key:
        content = content[key]
    tensors = {}
    for name, value in content.items():
        name = name.removeprefix(prefix)
        if name.endswith("num_batches_tracked"):
            continue
        if not NAMES.fullmatch(name):
            raise ValueError(f"{name} is not the name of a parameter of a ResNet-18")
        tensors[name] = value.detach().to(torch.float32).contiguous()
    if not tensors:
        raise ValueError("it has no parameters")
    return tensors


def write(path, tensors):
    """Writes tensors in the safetensors format, in the order of their names."""
    header, blocks, end = {}, [], 0
    for name in sorted(tensors):
        block = tensors[name].numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensors[name].shape), "data_offsets": [end, end + len(block)]}
        blocks.append(block)
        end += len(block)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for block in blocks:
            file.write(block)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="file that torch.save wrote")
    parser.add_argument("out", help="file to write")
    parser.add_argument("--key", default="", help="entry of the file that holds the state dict")
    parser.add_argument("--prefix", default="", help="text that each name begins with")
    options = parser.parse_args()
    try:
        tensors = state_dict(options.source, options.key, options.prefix)
        write(options.out, tensors)
    except Exception as err:  # pickle errors have many types
        sys.exit(f"initial_weights.py: {options.source}: {err}")
    print(f"{len(tensors)} tensors, {sum(t.numel() for t in tensors.values())} values")


if __name__ == "__main__":
    main()
