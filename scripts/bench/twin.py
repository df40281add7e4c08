"""The PyTorch side of `make bench`: the same training step, timed on request.

Started with the network's shape, it answers each line "VARIANT STEPS" on stdin
with the seconds of processor time that STEPS steps took, and "matmul N" with the GFLOP/s of an
N x N x N product. Variants are plain, channels_last, fused,
channels_last+fused, and compile: the last one under torch.compile with mode
"max-autotune", or "unavailable" and why. A step does what torchbridge's does: gather a batch of
resident bytes, normalise, forward, backward, SGD, sums of loss and hits.
"""

import argparse
import pathlib
import sys
import time

import torch
from torch.nn.functional import cross_entropy

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "reference"))
from resnet import ResNet18  # noqa: E402

parser = argparse.ArgumentParser()
for name, default in dict(width=8, batch=32, threads=1, channels=3, size=32, steps=10).items():
    parser.add_argument(f"--{name}", type=int, default=default)
parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
args = parser.parse_args()
torch.set_num_threads(args.threads)
torch.manual_seed(1)

rows = args.steps * args.batch
images = torch.randint(0, 256, (rows, args.channels, args.size, args.size), dtype=torch.uint8)
labels = torch.randint(0, 10, (rows,))
scale = torch.full((1, args.channels, 1, 1), 1 / (255 * 0.25))
shift = torch.full((1, args.channels, 1, 1), -2.0)


class Variant:
    def __init__(self, name):
        compiled = name == "compile"
        self.layout = torch.channels_last if compiled or "channels_last" in name else torch.contiguous_format
        self.net = ResNet18(args.width, args.channels).to(memory_format=self.layout)
        self.forward = torch.compile(self.net, mode="max-autotune") if compiled else self.net
        fused = True if compiled or "fused" in name else None
        self.optimizer = torch.optim.SGD(self.net.parameters(), 1e-3, momentum=0.9, weight_decay=5e-4, fused=fused)

    def steps(self, count):
        loss_sum, hits = torch.zeros(1), torch.zeros(1, dtype=torch.int64)
        order = torch.randperm(rows)
        for i in range(count):
            index = order[i * args.batch % rows :][: args.batch]
            x = images[index].to(torch.float32, memory_format=self.layout).mul_(scale).add_(shift)
            y = labels[index]
            self.optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bf16"):
                logits = self.forward(x)
            loss = cross_entropy(logits.float(), y)
            loss.backward()
            self.optimizer.step()
            loss_sum += loss.detach() * args.batch
            hits += (logits.detach().argmax(1) == y).sum()
        return loss_sum.item(), hits.item()


def matmul(n, repeats=3):
    a, b = torch.randn(n, n), torch.randn(n, n)
    torch.mm(a, b)
    start = time.process_time()
    for _ in range(repeats):
        torch.mm(a, b)
    return 2 * n**3 * repeats / (time.process_time() - start) / 1e9


variants = {}
for line in sys.stdin:
    name, number = line.split()
    if name == "matmul":
        print(matmul(int(number)), flush=True)
        continue
    if name not in variants:
        variants[name] = Variant(name)
        try:
            variants[name].steps(3)
        except Exception as error:  # no compiler for torch.compile, or not one that it can use
            if name != "compile":
                raise
            print("unavailable", " ".join(str(error).split())[:200] or type(error).__name__, flush=True)
            del variants[name]
            continue
    start = time.process_time()
    variants[name].steps(int(number))
    print(time.process_time() - start, flush=True)
