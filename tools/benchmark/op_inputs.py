"""Random inputs of ops."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


class Draw:
    """Random inputs of an op, the same in every environment.

    Args:
        device: Where they are.
        dtype: Type of the numbers; indices are int64.
        rounded_to: A shorter type that their values are rounded to first.
    """

    def __init__(
        self,
        device: str,
        dtype: torch.dtype = torch.float32,
        rounded_to: torch.dtype | None = None,
    ) -> None:
        self.device, self.chance = device, np.random.default_rng(0)
        self.dtype, self.rounded_to = dtype, rounded_to or dtype

    def tensor(self, array: np.ndarray, dtype: torch.dtype | None = None) -> Tensor:
        """Return an array on the device."""
        tensor = torch.from_numpy(np.ascontiguousarray(array))
        if dtype is None:
            # By way of float32: the types that a GPU computes in round it, not float64.
            tensor, dtype = tensor.float().to(self.rounded_to), self.dtype
        return tensor.to(self.device, dtype)

    def normal(self, *shape: int, scale: float = 1) -> Tensor:
        """Return numbers around 0 that take gradients."""
        return self.tensor(self.chance.normal(0, scale, shape)).requires_grad_()

    def share(self, *shape: int) -> Tensor:
        """Return numbers in [0, 1) that take gradients."""
        return self.tensor(self.chance.random(shape)).requires_grad_()

    def integers(self, high: int, *shape: int) -> Tensor:
        """Return whole numbers in [0, high)."""
        return self.tensor(self.chance.integers(0, high, shape), torch.int64)

    def boxes(self, count: int, size: float = 200, largest: float = 40) -> Tensor:
        """Return boxes (N, 4), xyxy in pixels."""
        corners = self.chance.random((count, 2)) * size
        sides = self.chance.random((count, 2)) * largest
        return self.tensor(np.concatenate([corners, corners + sides], axis=1))

    def scores(self, count: int) -> Tensor:
        """Return scores (N,) without ties: torch's order of ties depends on its version."""
        return self.tensor((self.chance.permutation(count) + 1) / count)

    def regions(self, count: int) -> Tensor:
        """Return regions (N, 5): index of one of two images, and a box, partly outside."""
        index = self.integers(2, count, 1).to(self.dtype)
        return torch.cat([index, self.boxes(count, 250, 90) - 20], dim=1)
