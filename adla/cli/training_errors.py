"""One sentence for what ends a training from outside, and for what it does not support."""

import errno
import re
from collections.abc import Sequence

from adla.folder_lock import FolderInUseError

_STORAGE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EFBIG)


def explain(error: Exception, words: Sequence[str]) -> str:
    """Say what a training does not support that ended with an error; '' where it is another fault.

    Args:
        error: The error.
        words: The command line.
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
    if kernel and "--amp" in words:
        short = {"Half": "float16", "BFloat16": "bfloat16"}[kernel[2]]
        return f"{kernel[1]} has no kernel for {short} on this device: train without --amp"
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
    return ""
