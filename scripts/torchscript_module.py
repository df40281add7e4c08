"""Makes a TorchScript module that backfire can train (model.file) from a PyTorch module.

    python scripts/torchscript_module.py mynet.py:MyNet net.pt --shape 3x32x32 --classes 10

mynet.py:MyNet is a function or class of a Python file that returns the module; its
arguments follow with --args, as in --args 10 0.5. The module takes float images [N, C, H, W],
standardised per channel, and returns logits [N, classes]. With a method penultimate, marked
@torch.jit.export, that returns features [N, F], defenses that look at features play, too.

The module is scripted, not traced, so that dropout and batch normalisation still know
whether it is trained. Its weights as they are become the initial weights. A description of
the module is added to the file, which backfire reads without loading any code.

Needs PyTorch.
"""

import argparse
import importlib.util
import json

import torch
from torch.utils.flop_counter import FlopCounterMode

IMAGES = 4


def describe(module, shape, classes):
    """Checks that a module can be trained on images of a shape and returns its description."""
    channels, height, width = shape
    x = torch.randn(IMAGES, *shape)
    tensors = [*module.named_parameters(), *module.named_buffers()]
    tensors = [(n, t) for n, t in tensors if not n.endswith("num_batches_tracked")]
    for name, tensor in tensors:
        if tensor.dtype != torch.float32:
            raise SystemExit(f"{name} is {tensor.dtype}: only float32 tensors can be trained")
        if not tensor.isfinite().all():
            raise SystemExit(f"{name} has values that are not finite")
    module.eval()
    maps = []
    hooks = [m.register_forward_hook(lambda _, __, y: maps.append(y.numel() if isinstance(y, torch.Tensor) else 0))
             for m in module.modules() if not list(m.children())]
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        y = module(x)
    for hook in hooks:
        hook.remove()
    if y.shape != (IMAGES, classes) or not y.isfinite().all():
        raise SystemExit(f"its output for {IMAGES} images is {list(y.shape)} instead of finite [{IMAGES}, {classes}]")
    features = 0
    if hasattr(module, "penultimate"):
        with torch.no_grad():
            found = module.penultimate(x)
        if found.dim() != 2 or len(found) != IMAGES:
            raise SystemExit(f"penultimate returns {list(found.shape)} for {IMAGES} images instead of [{IMAGES}, features]")
        features = found.shape[1]
    module.train()
    state = {n: t.clone() for n, t in module.state_dict().items()}
    parameters = [(n, p) for n, p in module.named_parameters()]
    gradients = torch.autograd.grad(module(x).square().sum(), [p for _, p in parameters], allow_unused=True)
    module.load_state_dict(state)  # running statistics as they were
    for (name, _), gradient in zip(parameters, gradients):
        if gradient is None:
            raise SystemExit(f"the output does not depend on {name}: make it a buffer, or remove it")
    norms = any(isinstance(m, torch.nn.BatchNorm2d) and m.affine and m.track_running_stats for m in module.modules())
    return dict(
        channels=channels, height=height, width=width, classes=classes, values=sum(t.numel() for _, t in tensors),
        maps=sum(maps) // IMAGES, products=counter.get_total_flops() // (2 * IMAGES), features=features, norms=norms)


def save(module, path, shape, classes):
    """Scripts a module for images of a shape (channels, height, width) and writes it with its description."""
    described = describe(module, shape, classes)
    script = torch.jit.script(module)
    script.train()
    script.save(path, _extra_files={"backfire.json": json.dumps(described)})
    return described


def made(name, arguments):
    """Returns the module that FILE.py:NAME makes."""
    path, _, attribute = name.partition(":")
    spec = importlib.util.spec_from_file_location("module_to_save", path)
    if spec is None or not attribute:
        raise SystemExit(f"{name}: name a file and a function or class in it, as in mynet.py:MyNet")
    code = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(code)
    return getattr(code, attribute)(*arguments)


def number(text):
    """Returns an argument as the number that it is, or as text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("module", help="FILE.py:NAME, a function or class that returns the module")
    parser.add_argument("out", help="the file to write")
    parser.add_argument("--shape", required=True, help="of the images: CHANNELSxHEIGHTxWIDTH")
    parser.add_argument("--classes", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1, help="of the initial weights")
    parser.add_argument("--args", nargs="*", default=[], help="arguments of the function or class")
    options = parser.parse_args()
    shape = tuple(int(n) for n in options.shape.split("x"))
    if len(shape) != 3:
        raise SystemExit("--shape is CHANNELSxHEIGHTxWIDTH, as in 3x32x32")
    torch.manual_seed(options.seed)
    print(save(made(options.module, [number(a) for a in options.args]), options.out, shape, options.classes))


if __name__ == "__main__":
    main()
