"""Let torch read the checkpoints of a training as data, and nothing else.

From torch 2.6 on, ``torch.load`` builds only what its list of safe globals names, so that a file
from elsewhere cannot run code. mmengine's checkpoints also hold the history of the logged scalars,
in numpy arrays. `allow_training_state` puts the classes of these on the list, so that a training
resumes. OpenMMLab's mmengine 0.10.7 does not list them; onedl-mmengine lists them, but loads a file
that torch refuses a second time without any check, which `allow_training_state` ends.

An older torch has no such default. There a checkpoint is loaded as mmengine loads it.

Whatever reads a checkpoint of this machine, mmengine's runner among them, reads it by
`read_checkpoint`: what is no checkpoint gives one message. ``adla://NAME`` is a model of
`adla.zoo`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import checkpoint as mmengine_checkpoint
from packaging.version import Version

from adla.zoo import MODEL_PREFIX, find_checkpoint


class CheckpointError(ValueError):
    """A checkpoint that cannot be read, or does not go with the config."""


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


def read_checkpoint(filename: str | os.PathLike, map_location: Any = "cpu") -> dict[str, Any]:
    """Read a checkpoint of this machine; mmengine calls it for every path that is no URL.

    Args:
        filename: Its path, or ``adla://NAME`` for a model that comes along.
        map_location: As ``torch.load`` takes it.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If there is no such model; the message lists those that there are.
        CheckpointError: If it is no checkpoint, is damaged, or would run code.
    """
    name = os.fspath(filename)
    path = find_checkpoint(name)
    if not path.is_file():
        raise FileNotFoundError(f"no such checkpoint: {filename}")
    safe = {"weights_only": True} if name.startswith(MODEL_PREFIX) else {}  # else torch's default
    try:
        checkpoint = torch.load(path, map_location=map_location, **safe)
    except UnpicklingError as error:
        reason = explain_refusal(error)
    except OSError:
        raise
    except Exception as error:  # torch and pickle raise anything at a file that is not theirs
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = " ".join(lines[: 1 + (lines[0][-1] in ":,")]) if lines else type(error).__name__
    else:
        reason = _fault(checkpoint)
        if not reason:
            return checkpoint
    raise CheckpointError(f"{filename} is no readable checkpoint: {reason}")


def _fault(checkpoint: Any) -> str:
    """Say what mmengine and mmdet stumble over in the content of a checkpoint; '' if nothing."""
    if not isinstance(checkpoint, dict):
        return f"it holds a {type(checkpoint).__name__}, not weights by name"
    weights = checkpoint.get("state_dict", checkpoint)
    if not isinstance(weights, dict) or not all(isinstance(name, str) for name in weights):
        return "its weights are not by name"
    meta: Any = checkpoint.get("meta", {})
    dataset_meta = meta.get("dataset_meta", {}) if isinstance(meta, dict) else {}
    if not isinstance(meta, dict) or not isinstance(dataset_meta, dict):
        return "its meta information is damaged"
    return ""


def allow_training_state() -> None:
    """Let ``torch.load`` read mmengine's checkpoints with ``weights_only``, which stays on."""
    mmengine_checkpoint.CheckpointLoader.register_scheme("", read_checkpoint, force=True)
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
    if found and found[1].startswith("ultralytics."):
        return (
            f"the checkpoint is one of ultralytics ({found[1]}): adla convert yolov8 FILE OUT.pth "
            "--config CONFIG makes one of adla's, and runs nothing in it"
        )
    what = f"holds {found[1]}, which could run code" if found else "is damaged or holds no weights"
    return (
        f"the checkpoint {what}, so nothing of it was loaded; if you trust its source, set "
        "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1"
    )
