"""The type that sums are made in."""

import torch
from torch import Tensor


def widen(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Return the tensors in float64 where all of them are float64, else in float32.

    Half-precision sums over a region or over channels lose digits, and torchvision has no bfloat16
    kernels.
    """
    double = all(tensor.dtype == torch.float64 for tensor in tensors)
    return tuple(tensor.to(torch.float64 if double else torch.float32) for tensor in tensors)
