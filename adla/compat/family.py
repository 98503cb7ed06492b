"""Which OpenMMLab family is installed: one of the two, whole, and never both."""

from collections.abc import Callable
from importlib import import_module, metadata

from .ext_finder import check_ops

FAMILIES = {
    "onedl": ("onedl-mmengine", "onedl-mmcv", "onedl-mmdetection"),
    "openmmlab": ("mmengine", "mmcv", "mmcv-lite", "mmdet"),
}
INSTALL_HINT = (
    "run pip install '.[onedl]' in the adla repository, or pip install '.[openmmlab]' for "
    "OpenMMLab's own packages, or 'make env'; nothing is compiled"
)


def _is_installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def find_mixed_families(is_installed: Callable[[str], bool] = _is_installed) -> str | None:
    """Name the distributions that share import names and overwrite each other.

    Args:
        is_installed: Tells whether a distribution of this name is installed.

    Returns:
        One sentence that says what to uninstall, or None if at most one family is there.
    """
    found = {
        family: [name for name in names if is_installed(name)] for family, names in FAMILIES.items()
    }
    if not all(found.values()):
        return None
    onedl, openmmlab = (", ".join(names) for names in found.values())
    return (
        f"this environment holds both {onedl} and {openmmlab}, which overwrite each other: "
        "uninstall all of them and install one family, or run 'make env' with a fresh VENV"
    )


def describe_opencv(error: ImportError) -> str:
    """Say in one sentence why OpenCV does not load and how to get the build without windows.

    Args:
        error: What its import raised, such as that libGL.so.1 is not there.
    """
    try:
        version = "==" + metadata.version("opencv-python")
    except metadata.PackageNotFoundError:
        version = ""
    return (
        f"OpenCV does not load ({error}): run pip uninstall -y opencv-python "
        f"opencv-python-headless, then pip install opencv-python-headless{version}, which shows no "
        "windows and needs no such library"
    )


def check_stack() -> None:
    """Check that mmengine, mmcv and mmdet import, come from one family, and that mmcv has its ops.

    Raises:
        ImportError: One of the three is missing, both families are installed, or OpenCV or what
            mmcv's ops run on does not load.
    """
    mixed = find_mixed_families()
    if mixed:
        raise ImportError(f"adla: {mixed}")
    for module in ("mmengine", "mmcv", "mmdet"):
        try:
            import_module(module)
        except ModuleNotFoundError as error:
            if error.name not in ("mmengine", "mmcv", "mmdet"):
                raise
            raise ImportError(
                f"adla needs {error.name}, which is not installed: {INSTALL_HINT}"
            ) from None
        except ImportError as error:
            if error.name != "cv2":
                raise
            raise ImportError(f"adla: {describe_opencv(error)}") from None
    check_ops()
