"""The two steps of a convolution at chosen pixels, in plain torch."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .checks import check_devices, check_floating


def masked_im2col_forward(
    features: Tensor,
    mask_h_idx: Tensor,
    mask_w_idx: Tensor,
    data_col: Tensor,
    kernel_h: int,
    kernel_w: int,
    pad_h: int,
    pad_w: int,
) -> None:
    """Gather the pixels under the kernel at each chosen place.

    Args:
        features: Feature map of one image, (1, C, H, W).
        mask_h_idx: Rows of the places, (M,), int64.
        mask_w_idx: Columns of the places, (M,), int64.
        data_col: Takes the pixels, (C * kernel_h * kernel_w, M).
        kernel_h: Rows of the kernel.
        kernel_w: Columns of the kernel.
        pad_h: Zeros added above and below.
        pad_w: Zeros added left and right.

    Raises:
        ValueError: Several devices, or a place at which the kernel leaves the padded map.
    """
    check_floating(features=features, data_col=data_col)
    check_devices(features=features, data_col=data_col)
    for index, size, kernel, pad in (
        (mask_h_idx, features.size(2), kernel_h, pad_h),
        (mask_w_idx, features.size(3), kernel_w, pad_w),
    ):
        # With less padding than half a kernel the result is smaller than the mask.
        if kernel - 1 > 2 * pad and int(index.max()) + kernel > size + 2 * pad:
            raise ValueError(
                f"masked_conv2d got a mask at {int(index.max())}, but a kernel of {kernel} with "
                f"padding {pad} makes {size + 2 * pad - kernel + 1} pixels of {size}; pad it by "
                f"{kernel // 2}"
            )
    padded = F.pad(features[0], (pad_w, pad_w, pad_h, pad_h))
    rows = mask_h_idx[:, None] + torch.arange(kernel_h, device=features.device)
    columns = mask_w_idx[:, None] + torch.arange(kernel_w, device=features.device)
    windows = padded[:, rows[:, :, None], columns[:, None, :]]
    data_col.copy_(windows.permute(0, 2, 3, 1).reshape(data_col.shape))


def masked_col2im_forward(
    masked_output: Tensor,
    mask_h_idx: Tensor,
    mask_w_idx: Tensor,
    output: Tensor,
    height: int,
    width: int,
    channels: int,
) -> None:
    """Put the results to their places; other pixels stay as they are.

    Args:
        masked_output: Results, (channels, M).
        mask_h_idx: Rows of the places, (M,), int64.
        mask_w_idx: Columns of the places, (M,), int64.
        output: Feature map that takes them, (1, channels, height, width).
        height: Unused; mmcv passes it.
        width: Unused; mmcv passes it.
        channels: Unused; mmcv passes it.

    Raises:
        ValueError: Several devices.
    """
    check_floating(masked_output=masked_output, output=output)
    check_devices(masked_output=masked_output, output=output)
    output[0, :, mask_h_idx, mask_w_idx] = masked_output.to(output.dtype)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "masked_im2col_forward": masked_im2col_forward,
    "masked_col2im_forward": masked_col2im_forward,
}
