"""torchvision's compiled ops, which must have been built for the torch that is installed."""

from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path

import torch

NEEDED = ("nms", "roi_align", "roi_pool", "deform_conv2d")
INSTEAD = (
    "see docs/install.md, or https://github.com/pytorch/vision#installation for the pairs that fit"
)


def fitting_torchvision(torch_version: str) -> str:
    """Return the torchvision that is built for a torch, such as '0.29' for '2.14.1+cpu'.

    The minor version of torchvision is that of torch 2 plus 15.

    Raises:
        ValueError: The version is not one of torch 2.
    """
    major, minor = torch_version.split(".")[:2]
    if major != "2":
        raise ValueError(f"adla needs torch 2.1 or newer of version 2, but got {torch_version}")
    return f"0.{int(minor) + 15}"


def load_torchvision() -> None:
    """Import torchvision and check that its ops are there.

    Raises:
        ImportError: It is not installed, or not built for this torch; the pair that fits is named.
    """
    cause = None
    try:
        import_module("torchvision")
    except Exception as error:  # RuntimeError, OSError or ImportError, by what does not fit
        cause = error
    if cause is None and all(hasattr(torch.ops.torchvision, name) for name in NEEDED):
        return
    raise ImportError(f"adla: {describe_misfit(cause)}") from None


def load_library() -> None:
    """Load torchvision's library without the package around it, in a tenth of the time.

    Raises:
        ImportError: There is no such library, or it has not the ops.
        OSError: It does not load.
    """
    package = find_spec("torchvision")
    folders = [] if package is None else package.submodule_search_locations or []
    for path in [path for folder in folders for path in sorted(Path(folder).glob("_C*.so"))]:
        torch.ops.load_library(path)
    if not all(hasattr(torch.ops.torchvision, name) for name in NEEDED):
        raise ImportError("its library is missing or has not the ops that mmcv needs")


def describe_misfit(cause: Exception | None) -> str:
    """Say in one sentence why torchvision's ops are missing and which torchvision fits.

    Args:
        cause: What the import of torchvision raised, if anything.
    """
    fitting = fitting_torchvision(torch.__version__)
    command = f"pip install 'torchvision=={fitting}.*'"
    try:
        installed = metadata.version("torchvision")
    except metadata.PackageNotFoundError:
        return f"mmcv's ops run on torchvision, which is not installed: {command} ({INSTEAD})"
    why = f" ({str(cause).splitlines()[0]})" if cause and str(cause) else ""
    return (
        f"the ops of torchvision {installed} do not load with torch {torch.__version__}{why}: this "
        f"torch needs torchvision {fitting} of the same build, CPU or the same CUDA version; "
        f"{command}, {INSTEAD}"
    )
