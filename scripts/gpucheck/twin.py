"""Times PyTorch's training step on request, for gpu-check.

The first line of output has PyTorch's version and the device. Then the program answers
each line of standard input, a request in JSON, with {"seconds": ...} or {"error": ...}.
A step has the same parts as torchbridge's, in channels_last and with fused SGD: gather a
batch of resident bytes, normalise, forward, backward, update, sums of loss and hits. The
modes are eager, compile (torch.compile of the network) and graph (the whole step as a
CUDA graph). The mode kernels answers {"kernels": [...]}: the kernels of an eager step with their
calls and microseconds per step, by PyTorch's profiler.
"""

import json
import sys
import time

import torch
from resnet import ResNet18
from torch.nn.functional import cross_entropy

CHANNELS, SIZE, CLASSES = 3, 32, 10
WARM_UP = 10

device = torch.device(sys.argv[1])


def say(**values):
    print(json.dumps(values), flush=True)


def synchronize():
    if device.type == "cuda":
        torch.cuda.synchronize()


class Training:
    def __init__(self, mode, width, precision, batch, steps):
        self.batch, rows = batch, batch * steps
        if device.type == "cuda":
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
        self.bf16 = precision == "bf16"
        self.images = torch.randint(0, 256, (rows, CHANNELS, SIZE, SIZE), dtype=torch.uint8, device=device)
        self.labels = torch.randint(0, CLASSES, (rows,), device=device)
        self.order = torch.randperm(rows, device=device)
        self.scale = torch.full((1, CHANNELS, 1, 1), 1 / (255 * 0.25), device=device)
        self.shift = torch.full((1, CHANNELS, 1, 1), -2.0, device=device)
        self.position = torch.zeros(1, dtype=torch.int64, device=device)
        self.within = torch.arange(batch, device=device)
        self.loss, self.hits = torch.zeros(1, device=device), torch.zeros(1, dtype=torch.int64, device=device)
        network = ResNet18(width, CHANNELS, CLASSES).to(device, memory_format=torch.channels_last)
        self.optimizer = torch.optim.SGD(network.parameters(), 1e-3, momentum=0.9, weight_decay=5e-4, fused=True)
        self.network = torch.compile(network) if mode == "compile" else network
        self.take = self.recorded() if mode == "graph" else self.step

    def step(self):
        index = self.order.index_select(0, self.within + self.position)
        x = self.images.index_select(0, index).to(torch.float32, memory_format=torch.channels_last)
        x, y = x.mul_(self.scale).add_(self.shift), self.labels.index_select(0, index)
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=self.bf16, cache_enabled=False):
            logits = self.network(x)
        loss = cross_entropy(logits.float(), y)
        loss.backward()
        self.optimizer.step()
        self.loss += loss.detach() * self.batch
        self.hits += (logits.detach().argmax(1) == y).sum()
        self.position += self.batch

    def recorded(self):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.step()
        return graph.replay

    def seconds(self, steps):
        synchronize()
        self.position.zero_()
        start = time.perf_counter()
        for _ in range(steps):
            self.take()
        synchronize()
        return time.perf_counter() - start


def answer(mode, width, precision, batch, steps):
    training = Training(mode, width, precision, batch, max(steps, WARM_UP))
    training.seconds(min(steps, WARM_UP))
    return training.seconds(steps)


def kernels(width, precision, batch, steps):
    training = Training("eager", width, precision, batch, max(steps, WARM_UP))
    training.seconds(WARM_UP)
    cuda = device.type == "cuda"
    activity = torch.profiler.ProfilerActivity.CUDA if cuda else torch.profiler.ProfilerActivity.CPU
    training.position.zero_()
    with torch.profiler.profile(activities=[activity]) as profiler:
        for _ in range(steps):
            training.step()
        synchronize()
    found = []
    for event in profiler.key_averages():
        microseconds = (event.self_device_time_total if cuda else event.self_cpu_time_total) / steps
        if microseconds > 0:
            found.append({"name": event.key[:160], "calls_per_step": round(event.count / steps), "microseconds_per_step": microseconds})
    return sorted(found, key=lambda k: -k["microseconds_per_step"])[:60]


torch.manual_seed(1)
if device.type == "cuda" and not torch.cuda.is_available():
    say(error=f"PyTorch {torch.__version__} sees no GPU")
    sys.exit()
say(torch=torch.__version__, device=torch.cuda.get_device_name() if device.type == "cuda" else "cpu")
for line in sys.stdin:
    try:
        request = json.loads(line)
        if request["mode"] == "kernels":
            del request["mode"]
            say(kernels=kernels(**request))
        else:
            say(seconds=answer(**request))
    except Exception as e:  # the next request may succeed
        say(error=f"{type(e).__name__}: {e}")
