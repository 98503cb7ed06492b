"""What both versions of deformable convolution ask of their arguments."""

from torch import Tensor

from .checks import check_devices, check_floating, check_no_nan, check_shape


def check_deform_conv(
    input: Tensor,
    weight: Tensor,
    offset: Tensor,
    output: Tensor,
    geometry: tuple[int, ...],
    mask: Tensor | None = None,
) -> None:
    """Check the tensors of a deformable convolution.

    On the CPU the offsets are searched for NaN, with which torchvision's kernel reads foreign
    memory.

    Args:
        input: Feature maps, (B, C, H, W).
        weight: Kernels, (O, C / groups, kH, kW).
        offset: Offsets in pixels, (B, 2 * deform groups * kH * kW, oH, oW).
        output: The result or its gradient, (B, O, oH, oW).
        geometry: Stride, padding and dilation, each y and x, groups and deform groups.
        mask: Factors of the taps, (B, deform groups * kH * kW, oH, oW).

    Raises:
        ValueError: Shapes that do not fit each other, several devices, or offsets that are NaN.
    """
    tensors = {"input": input, "weight": weight, "offset": offset, "output": output}
    if mask is not None:
        tensors["mask"] = mask
    check_floating(**tensors)
    check_devices(**tensors)
    groups, deform_groups = geometry[6:]
    channels, (out_channels, per_group, *kernel) = input.size(1), weight.shape
    if per_group * groups != channels or out_channels % groups or channels % deform_groups:
        raise ValueError(
            f"kernels of shape {tuple(weight.shape)} in {groups} groups and {deform_groups} deform "
            f"groups do not fit {channels} channels: the groups must divide the channels"
        )
    batch, height, width = len(input), *output.shape[2:]
    taps = deform_groups * kernel[0] * kernel[1]
    check_shape("the result", output, batch, out_channels, height, width)
    check_shape("offset", offset, batch, 2 * taps, height, width)
    if mask is not None:
        check_shape("mask", mask, batch, taps, height, width)
    _check_size(input, kernel, output, geometry)
    if offset.device.type == "cpu":
        check_no_nan(offset=offset)


def _check_size(
    input: Tensor, kernel: list[int], output: Tensor, geometry: tuple[int, ...]
) -> None:
    """Check the height and width of the result."""
    stride, padding, dilation = geometry[:2], geometry[2:4], geometry[4:6]
    for axis in range(2):
        reach = dilation[axis] * (kernel[axis] - 1) + 1
        size = (input.size(2 + axis) + 2 * padding[axis] - reach) // stride[axis] + 1
        if size < 1 or output.size(2 + axis) != size:
            raise ValueError(
                f"a deformable convolution of {tuple(input.shape)} makes {size} pixels along "
                f"{'yx'[axis]}, but the result has {output.size(2 + axis)}"
            )
