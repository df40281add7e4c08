"""PyTorch's side of `scripts/bench -sweep`: trains the models that standard input
describes, a line of JSON each, with the number of threads of its argument, and
prints a line after each.

What a competent script does on a CPU: channels_last, the fused optimiser, a
one-cycle schedule, a training set that stays in memory as bytes, and evaluation
in large batches without gradients. Images are noise, which takes as long.
"""

import json
import pathlib
import sys

import torch
from torch.nn.functional import cross_entropy

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "reference"))
from resnet import ResNet18  # noqa: E402

PREDICT = 500

torch.set_num_threads(int(sys.argv[1]))


def play(cell):
    torch.manual_seed(1)
    shape = (cell["channels"], cell["height"], cell["width_px"])
    images = torch.randint(0, 256, (cell["rows"], *shape), dtype=torch.uint8)
    labels = torch.randint(0, cell["classes"], (cell["rows"],))
    probes = torch.randint(0, 256, (cell["probes"], *shape), dtype=torch.uint8)
    net = ResNet18(cell["width"], cell["channels"], cell["classes"]).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), cell["lr"], momentum=0.9, weight_decay=5e-4, fused=True)
    steps = (cell["rows"] + cell["batch"] - 1) // cell["batch"] * cell["epochs"]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, cell["lr"], total_steps=steps, cycle_momentum=False)

    def normalised(raw):
        return raw.to(torch.float32, memory_format=torch.channels_last).div_(255).sub_(0.3).div_(0.3)

    for _ in range(cell["epochs"]):
        loss_sum, hits = torch.zeros(1), torch.zeros(1, dtype=torch.int64)
        for index in torch.randperm(cell["rows"]).split(cell["batch"]):
            optimizer.zero_grad(set_to_none=True)
            logits = net(normalised(images[index]))
            loss = cross_entropy(logits, labels[index])
            loss.backward()
            optimizer.step()
            schedule.step()
            loss_sum += loss.detach() * len(index)
            hits += (logits.detach().argmax(1) == labels[index]).sum()
        loss_sum.item(), hits.item()
    net.eval()
    with torch.inference_mode():
        for batch in probes.split(PREDICT):
            net(normalised(batch)).argmax(1)


for line in sys.stdin:
    play(json.loads(line))
    print("done", flush=True)
