"""What adla runs on, one page to paste into a bug report: ``python -m adla.env``.

It reads versions from what pip has installed and imports torch alone, so it also works where mmcv,
mmdet, torchvision or torch are missing or broken.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

from .compat.ext_finder import EXT_NAME, describe_broken
from .compat.family import FAMILIES, find_mixed_families
from .compat.processor import bf16_units, read_processor
from .version import __version__

#: Import names and the distributions that may provide them.
PACKAGES = {
    "torch": ("torch",),
    "torchvision": ("torchvision",),
    "numpy": ("numpy",),
    "opencv": (
        "opencv-python",
        "opencv-python-headless",
        "opencv-contrib-python",
        "opencv-contrib-python-headless",
    ),
    "mmengine": ("onedl-mmengine", "mmengine"),
    "mmcv": ("onedl-mmcv", "mmcv", "mmcv-lite"),
    "mmdet": ("onedl-mmdetection", "mmdet"),
    "pycocotools": ("pycocotools",),
    "hotcoco": ("hotcoco",),
}


def report() -> Iterator[str]:
    """Yield the lines of the report; what may fail comes last."""
    yield from _section("Versions", versions())
    yield from _section("Family", [("", family())])
    try:
        import torch  # noqa: F401
    except (ImportError, OSError) as error:
        yield from _section("Devices", [("", f"unknown: torch does not load: {error}")])
        return
    yield from _section("Devices", devices())
    yield from _section("mmcv's ops", [("", ops())])


def versions() -> list[tuple[str, str]]:
    """Return the version of each package, with the distribution where its name is another."""
    lines = [("adla", __version__), ("python", f"{platform.python_version()}, {_system()}")]
    for name, distributions in PACKAGES.items():
        found = {dist: _version(dist) for dist in distributions}
        shown = [
            version if dist == name else f"{version} ({dist})"
            for dist, version in found.items()
            if version
        ]
        lines.append((name, ", ".join(shown) or "not installed"))
    return lines


def family() -> str:
    """Name the family of mmengine, mmcv and mmdet."""
    found = [name for name, dists in FAMILIES.items() if any(map(_version, dists))]
    return find_mixed_families() or (found[0] if found else "none")


def devices() -> list[tuple[str, str]]:
    """Describe the CPU and each CUDA device, and whether they have units for bfloat16."""
    import torch

    model, units = read_processor()[0], ", ".join(bf16_units()) or "none"
    cores = len(os.sched_getaffinity(0))
    cpu = f"{model}, {cores} cores, {torch.get_num_threads()} torch threads, bf16 units: {units}"
    lines = [("cpu", cpu), ("cuda", _cuda())]
    for index in range(torch.cuda.device_count()):
        device = torch.cuda.get_device_properties(index)
        bf16 = "yes" if device.major >= 8 else "none"
        lines.append(
            (
                f"cuda:{index}",
                f"{device.name}, capability {device.major}.{device.minor}, "
                f"{device.total_memory / 2**30:.0f} GiB, bf16 units: {bf16}",
            )
        )
    return lines


def ops() -> str:
    """Say what provides mmcv's ops, or why nothing does."""
    from .compat.torchvision_ops import describe_misfit, load_library

    package = find_spec("mmcv")
    if package is None:
        return "none: mmcv is not installed"
    compiled = PathFinder.find_spec(EXT_NAME, package.submodule_search_locations)
    if compiled is not None:
        return _compiled(compiled)
    try:
        load_library()
    except (ImportError, OSError) as error:
        return f"broken: {describe_misfit(error)}"
    return f"adla.compat on torchvision {_version('torchvision')}; nothing is compiled"


def _compiled(spec: ModuleSpec) -> str:
    """Load a compiled ``_ext`` and say what it was built for."""
    try:
        module = sys.modules.get(EXT_NAME) or _load(spec)
    except ImportError as error:
        return f"broken: {describe_broken(str(spec.origin), error)}"
    built: Any = module
    return f"compiled, {spec.origin}, CUDA {built.get_compiling_cuda_version()}"


def _load(spec: ModuleSpec) -> ModuleType:
    """Import a module by its spec without the package around it; torch is there already."""
    module = module_from_spec(spec)
    if spec.loader is not None:
        spec.loader.exec_module(module)
    return module


def _cuda() -> str:
    """Say for which CUDA and which devices torch was built."""
    import torch

    if torch.version.cuda is None:
        return "torch is a build for the CPU"
    built = f"torch is built for {torch.version.cuda} and {' '.join(torch.cuda.get_arch_list())}"
    if not torch.cuda.is_available():
        return f"torch is built for {torch.version.cuda}, but finds no device"
    return f"{built}, cuDNN {torch.backends.cudnn.version()}"


def _system() -> str:
    return f"{platform.system()} {platform.release()} {platform.machine()}"


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _section(title: str, lines: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield title
    for label, text in lines:
        yield f"  {label:<12} {text}" if label else f"  {text}"


def main() -> None:
    """Write the report."""
    for line in report():
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
