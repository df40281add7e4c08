"""The networks in PyTorch, trained by a user's own code."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from backfire import ResNet18
from backfire._network import PreActiveBlock, Shortcut


@pytest.mark.parametrize(("inputs", "outputs", "stride"), [(2, 4, 2), (4, 8, 2), (8, 16, 1), (3, 5, 2), (4, 4, 3)])
@pytest.mark.parametrize("side", [7, 8])
def test_a_shortcut_is_a_strided_convolution(inputs: int, outputs: int, stride: int, side: int) -> None:
    torch.manual_seed(1)
    ours = Shortcut(inputs, outputs, stride)
    wanted = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
    wanted.load_state_dict(ours.state_dict())
    wanted.double()
    x = torch.randn(5, inputs, side, side, requires_grad=True)
    y = x.detach().double().requires_grad_()
    got, want = ours(x), wanted(y)
    got.square().sum().backward()
    want.square().sum().backward()
    # Sums of up to 320 products in float32, beside the same in float64.
    for ours_, wanted_ in ((got, want), (x.grad, y.grad), (ours.weight.grad, wanted.weight.grad)):
        torch.testing.assert_close(ours_.double(), wanted_, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_no_network_has_a_strided_convolution_of_one_pixel(width: int) -> None:
    """Its gradient writes beyond its memory with AVX2 alone (oneDNN issue 6035)."""
    for network in (ResNet18(width, 3, 10), PreActiveBlock(width, 2 * width, 2)):
        for name, module in network.named_modules():
            if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1):
                assert module.stride == (1, 1), name
