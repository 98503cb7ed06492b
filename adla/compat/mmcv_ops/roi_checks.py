"""What the pooling ops ask of their arguments before a kernel reads them."""

import torch
from torch import Tensor, jit

from .checks import check_devices, check_floating, check_shape


def check_rois(features: Tensor, rois: Tensor) -> None:
    """Check the feature maps and regions of a pooling op.

    Values are looked at on the CPU alone, where torchvision's kernels would read foreign memory;
    on a GPU the host would have to wait for the device at every call.

    Args:
        features: Feature maps, (B, C, H, W).
        rois: Regions, (K, 5): index of the image, then xyxy in pixels.

    Raises:
        ValueError: Wrong shapes, types or devices; on the CPU also an index outside the batch and
            coordinates that are not finite.
    """
    check_shape("feature maps", features, None, None, None, None)
    check_shape("regions", rois, None, 5)
    check_floating(features=features, rois=rois)
    check_devices(features=features, rois=rois)
    if rois.device.type != "cpu" or jit.is_tracing() or not len(rois):
        return
    bad = ~torch.isfinite(rois).all(1)
    if bad.any():
        raise ValueError(
            f"{int(bad.sum())} of {len(rois)} regions are not finite, the first is "
            f"{rois[bad][0].tolist()}: the network has diverged or its input is bad"
        )
    outside = (rois[:, 0] < 0) | (rois[:, 0] >= len(features))
    if outside.any():
        raise ValueError(
            f"a region names image {rois[outside][0, 0].item():g}, but the batch has "
            f"{len(features)}; its first column must be the index of its image"
        )
