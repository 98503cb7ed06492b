"""Whether the levels of a neck have the strides that a head was made for."""

from collections.abc import Sequence

from torch import Tensor


def check_strides(
    head: str, strides: Sequence[int], levels: Sequence[Tensor], batch_img_metas: list[dict]
) -> None:
    """Refuse levels of other strides.

    Args:
        head: Name of the head.
        strides: Its strides in pixels.
        levels: As many maps (B, C, H, W).
        batch_img_metas: Of the images; the first one's ``batch_input_shape`` (H, W) counts.

    Raises:
        ValueError: A map has not the input's size divided by its stride, rounded up.
    """
    height, width = batch_img_metas[0]["batch_input_shape"]
    for stride, level in zip(strides, levels, strict=True):
        if tuple(level.shape[-2:]) != (-(-height // stride), -(-width // stride)):
            raise ValueError(
                f"{head}: strides={list(strides)} do not fit the neck: the level meant for "
                f"stride {stride} is {level.shape[-1]} x {level.shape[-2]} on an input of "
                f"{width} x {height} pixels, stride {width / level.shape[-1]:g}"
            )
