"""Whether feature maps are what a neck was made for."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor


def check_levels(neck: str, in_channels: Sequence[int], inputs: Sequence[Tensor]) -> None:
    """Refuse feature maps that do not halve from one to the next.

    Args:
        neck: Name of the neck.
        in_channels: Its channels, one number for each map.
        inputs: The maps (B, C, H, W), from the finest to the coarsest.

    Raises:
        ValueError: The maps are not as many as `in_channels`, or one is not half the size of the
            map before.
    """
    sizes = [tuple(x.shape[-2:]) for x in inputs]
    if len(sizes) != len(in_channels):
        raise ValueError(
            f"{neck}: in_channels={list(in_channels)} has {len(in_channels)} levels, but the "
            f"backbone gives {len(sizes)} (mind its out_indices)"
        )
    for (h, w), (half_h, half_w) in pairwise(sizes):
        if (h, w) != (2 * half_h, 2 * half_w):
            raise ValueError(
                f"{neck}: each level must be half the size of the one before, but they have "
                f"{sizes} (height, width): pad images to a multiple of the last stride "
                "(data_preprocessor.pad_size_divisor), and mind the backbone's strides"
            )
