"""Multi-scale deformable attention over torch's bilinear sampling.

mmcv calls it on a GPU; on a CPU it samples by itself.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .checks import check_devices, check_floating
from .precision import widen


def ms_deform_attn_forward(
    value: Tensor,
    spatial_shapes: Tensor,
    level_start_index: Tensor,
    sampling_locations: Tensor,
    attention_weights: Tensor,
    im2col_step: int,
) -> Tensor:
    """Sum the values at a few points of each level, weighted.

    The host reads `spatial_shapes`, so it waits for the device once.

    Args:
        value: Values of all levels, (B, S, heads, dim).
        spatial_shapes: Height and width of each level, (L, 2), int64.
        level_start_index: Unused; it follows from `spatial_shapes`.
        sampling_locations: Points x, y with 0 and 1 at the map's borders, (B, Q, heads, L, P, 2).
        attention_weights: Weights of the points, (B, Q, heads, L, P).
        im2col_step: Unused.

    Returns:
        (B, Q, heads * dim).

    Raises:
        ValueError: Shapes that do not fit each other, or several devices.
    """
    sizes = _check(value, spatial_shapes, sampling_locations, attention_weights)
    return _attend(*widen(value, sampling_locations, attention_weights), sizes).to(value.dtype)


def ms_deform_attn_backward(
    value: Tensor,
    spatial_shapes: Tensor,
    level_start_index: Tensor,
    sampling_locations: Tensor,
    attention_weights: Tensor,
    grad_output: Tensor,
    grad_value: Tensor,
    grad_sampling_loc: Tensor,
    grad_attn_weight: Tensor,
    im2col_step: int,
) -> None:
    """Find the gradients of the values, the points and the weights.

    Args:
        value: As in `ms_deform_attn_forward`, like all arguments that are not named here.
        spatial_shapes: Height and width of each level.
        level_start_index: Unused.
        sampling_locations: Points.
        attention_weights: Weights.
        grad_output: Gradient of the result, (B, Q, heads * dim).
        grad_value: Takes the gradient of the values.
        grad_sampling_loc: Takes the gradient of the points.
        grad_attn_weight: Takes the gradient of the weights.
        im2col_step: Unused.

    Raises:
        ValueError: As in `ms_deform_attn_forward`.
    """
    sizes = _check(value, spatial_shapes, sampling_locations, attention_weights)
    if not grad_output.numel():
        return
    inputs = [
        tensor.detach().requires_grad_()
        for tensor in widen(value, sampling_locations, attention_weights)
    ]
    with torch.enable_grad():
        output = _attend(*inputs, sizes)
    grads = torch.autograd.grad(output, inputs, grad_output.to(output.dtype))
    for target, grad in zip((grad_value, grad_sampling_loc, grad_attn_weight), grads, strict=True):
        target.copy_(grad)


def _check(
    value: Tensor, spatial_shapes: Tensor, locations: Tensor, weights: Tensor
) -> list[list[int]]:
    """Check the arguments and return the levels' heights and widths."""
    check_floating(value=value, sampling=locations, weights=weights)
    check_devices(value=value, sampling=locations, weights=weights)
    sizes = spatial_shapes.tolist()
    batch, total, heads, _ = value.shape
    if sum(height * width for height, width in sizes) != total:
        raise ValueError(
            f"ms_deform_attn got {total} values for levels of height and width {sizes}"
        )
    queries, points = locations.size(1), locations.size(4)
    shape = (batch, queries, heads, len(sizes), points)
    if locations.shape != (*shape, 2) or weights.shape != shape:
        raise ValueError(
            f"ms_deform_attn needs weights of shape {shape} and as many points, but got "
            f"{tuple(weights.shape)} and {tuple(locations.shape)}"
        )
    return sizes


def _attend(value: Tensor, locations: Tensor, weights: Tensor, sizes: list[list[int]]) -> Tensor:
    """Return the weighted sums, (B, Q, heads * dim), differentiable in the tensors.

    One level is sampled at a time; pixel centers lie at half-integers, and a point outside the
    map reads zeros.
    """
    batch, _, heads, dim = value.shape
    queries = locations.size(1)
    total = value.new_zeros(batch * heads, dim, queries)
    if not total.numel():
        return value.new_zeros(batch, queries, heads * dim)
    levels = value.split([height * width for height, width in sizes], 1)
    for level, (height, width) in enumerate(sizes):
        if not height * width:
            continue
        maps = levels[level].permute(0, 2, 3, 1).reshape(batch * heads, dim, height, width)
        points = locations[:, :, :, level].transpose(1, 2).flatten(0, 1)
        shares = weights[:, :, :, level].transpose(1, 2).flatten(0, 1)
        sampled = F.grid_sample(maps, 2 * points - 1, align_corners=False)
        total = total + (sampled * shares[:, None]).sum(-1)
    return total.view(batch, heads * dim, queries).transpose(1, 2)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ms_deform_attn_forward": ms_deform_attn_forward,
    "ms_deform_attn_backward": ms_deform_attn_backward,
}
