"""The functions of mmcv's compiled module ``_ext``, on torchvision's ops and on plain torch.

Names, arguments and results are those that mmcv's Python wrappers expect: most functions write into
tensors that the wrapper has made. Each file holds one group of ops and lists its functions in
``FUNCTIONS``.
"""

from collections.abc import Callable
from typing import Any, NoReturn

from . import focal_loss, info, nms

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **focal_loss.FUNCTIONS,
    **info.FUNCTIONS,
    **nms.FUNCTIONS,
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
