"""Let torch read the checkpoints of a training as data, and nothing else.

From torch 2.6 on, ``torch.load`` builds only what its list of safe globals names, so that a file
from elsewhere cannot run code. mmengine's checkpoints also hold the history of the logged scalars,
in numpy arrays. `allow_training_state` puts the classes of these on the list, so that a training
resumes. OpenMMLab's mmengine 0.10.7 does not list them; onedl-mmengine lists them, but loads a file
that torch refuses a second time without any check, which `allow_training_state` ends.

An older torch has no such default. There a checkpoint is loaded as mmengine loads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import checkpoint as mmengine_checkpoint
from packaging.version import Version

_STATISTICS = ("min", "max", "current", "mean")
_KINDS = "?bhilqBHILQefdg"  # numpy's booleans, integers and floats


def get_statistic(owner: type, name: str) -> Callable[..., Any]:
    """Return a statistic of `HistoryBuffer`; a checkpoint names them by ``getattr``.

    Raises:
        UnpicklingError: Anything else is asked for.
    """
    if owner is not HistoryBuffer or name not in _STATISTICS:
        raise UnpicklingError(f"unsupported GLOBAL builtins.getattr, of {owner!r} and {name!r}")
    return getattr(HistoryBuffer, name)


def list_training_state() -> list[Any]:
    """List what mmengine's checkpoints hold besides tensors and plain values.

    Returns:
        Classes and functions; pairs with a name where a checkpoint calls it by another one, such as
        one that was saved with numpy 1.
    """
    array = np.empty(0)
    reconstruct = array.__reduce__()[0]
    scalar = array.dtype.type(0).__reduce__()[0]
    return [
        HistoryBuffer,
        (get_statistic, "builtins.getattr"),
        np.ndarray,
        np.dtype,
        *(type(np.dtype(kind)) for kind in _KINDS),
        *((reconstruct, f"numpy.{core}.multiarray._reconstruct") for core in ("core", "_core")),
        *((scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),
    ]


def allow_training_state() -> None:
    """Let ``torch.load`` read mmengine's checkpoints with ``weights_only``, which stays on."""
    if Version(torch.__version__) < Version("2.6"):
        return
    torch.serialization.add_safe_globals(list_training_state())
    if hasattr(mmengine_checkpoint, "_safe_torch_load"):
        mmengine_checkpoint._safe_torch_load = torch.load


def explain_refusal(error: UnpicklingError) -> str:
    """Say in one sentence what torch refused to load and what to do.

    Args:
        error: What ``torch.load`` raised.
    """
    found = re.search(r"GLOBAL (\S+)", str(error))
    what = f"holds {found[1]}, which could run code" if found else "is damaged or holds no weights"
    return (
        f"the checkpoint {what}, so nothing of it was loaded; if you trust its source, set "
        "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1"
    )


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint on the CPU, as mmengine does.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be read, or holds no mapping.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no such checkpoint: {path}")
    try:
        state = mmengine_checkpoint.CheckpointLoader.load_checkpoint(
            str(path), map_location="cpu", logger="silent"
        )
    except UnpicklingError as error:
        reason = explain_refusal(error)
        raise ValueError(f"{path} is no readable checkpoint: {reason}") from None
    except Exception as error:  # torch and pickle raise anything at a file that is not theirs
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"{path} is no readable checkpoint: {reason}") from None
    if not isinstance(state, dict):
        raise ValueError(f"{path} is no checkpoint: it holds a {type(state).__name__}")
    return state
