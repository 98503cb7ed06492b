"""One sentence for what ends a training from outside, and for what it does not support."""

import errno
import re
import traceback
from collections.abc import Iterator
from pathlib import Path

import adla
from adla.folder_lock import FolderInUseError

_STORAGE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EFBIG)


def explain(error: Exception) -> str:
    """Say what a training does not support that ended with an error; '' where it is another fault.

    What adla refuses on purpose, such as a setting out of its range, says so by itself.
    """
    message = str(error)
    if isinstance(error, FolderInUseError):
        return message
    if isinstance(error, OSError) and error.errno in _STORAGE:
        return f"{error.strerror}: {error.filename or 'while a file was written'}"
    if "DataLoader worker" in message and ("by signal" in message or "exited" in message):
        return (
            "a worker of the data loader was killed, most often for want of memory: lower "
            "num_workers or the batch size; with --resume the training goes on from its last "
            "checkpoint"
        )
    kernel = re.search(r"""["'](\w+)["'] not implemented for ['"](Half|BFloat16)['"]""", message)
    if kernel:
        short = {"Half": "float16", "BFloat16": "bfloat16"}[kernel[2]]
        return (
            f"{kernel[1]} has no kernel for {short} on this device: train without --amp, or, where "
            "the config asks for 16 bits, with --cfg-options optim_wrapper.type=OptimWrapper"
        )
    if "failed finding central directory" in message or "PytorchStreamReader failed" in message:
        return (
            "the checkpoint is damaged, perhaps cut off: take another one; --resume without a file "
            "takes the newest sound one of the work folder"
        )
    if "device_ids and output_device arguments only work with" in message:
        return (
            "NCCL needs a GPU, and this machine has none: for gloo on CPUs add --cfg-options "
            "model_wrapper_cfg.type=MMDistributedDataParallel model_wrapper_cfg.device_ids=None"
        )
    return _refusal(error)


def _refusal(error: Exception) -> str:
    """Return the message of an error that a `raise` in adla's files made; '' if there is none.

    mmengine's registries wrap such an error once for each module that they were building, with
    its message in theirs.
    """
    package = Path(adla.__file__).parent
    for one in _chain(error):
        if str(one) not in str(error):  # it was dealt with, and what followed is another fault
            break
        for place in traceback.extract_tb(one.__traceback__)[-1:]:
            is_ours = Path(place.filename).is_relative_to(package)
            if is_ours and (place.line or "").startswith("raise "):
                return str(one)
    return ""


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those that it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
