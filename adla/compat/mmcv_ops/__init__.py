"""The functions of mmcv's compiled module ``_ext``, on torchvision's ops and on plain torch.

Names, arguments and results are those that mmcv's Python wrappers expect: most functions write into
tensors that the wrapper has made. Each file holds one group of ops and lists its functions in
``FUNCTIONS``.
"""

from collections.abc import Callable
from typing import Any, NoReturn

from . import (
    bbox_overlaps,
    carafe,
    deform_conv,
    deform_roi_pool,
    focal_loss,
    info,
    masked_conv,
    modulated_deform_conv,
    ms_deform_attn,
    nms,
    roi_align,
    roi_pool,
)

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **bbox_overlaps.FUNCTIONS,
    **carafe.FUNCTIONS,
    **deform_conv.FUNCTIONS,
    **deform_roi_pool.FUNCTIONS,
    **focal_loss.FUNCTIONS,
    **info.FUNCTIONS,
    **masked_conv.FUNCTIONS,
    **modulated_deform_conv.FUNCTIONS,
    **ms_deform_attn.FUNCTIONS,
    **nms.FUNCTIONS,
    **roi_align.FUNCTIONS,
    **roi_pool.FUNCTIONS,
}


def explain_missing(name: str) -> Callable[..., NoReturn]:
    """Return a function that says that this op needs a compiled mmcv.

    Args:
        name: A name that `FUNCTIONS` does not have.

    Raises:
        AttributeError: For names with two leading underscores, which Python itself asks for.
    """
    if name.startswith("__"):
        raise AttributeError(f"module 'mmcv._ext' has no attribute '{name}'")

    def missing(*args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(
            f"mmcv's op '{name}' is not among those that adla provides on torchvision: "
            "install an mmcv with compiled ops, see docs/install.md"
        )

    missing.__name__ = name
    return missing
