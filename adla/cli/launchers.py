"""What goes with ``--launcher``: one sentence where it does not."""

import gc
import os
import sys
from collections.abc import Mapping, Sequence


def find_launcher(words: Sequence[str]) -> str:
    """Return the value of ``--launcher`` in a command line, 'none' if it has none."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "--launcher":
            return following
        if word.startswith("--launcher="):
            return word.partition("=")[2]
    return "none"


def describe_misfit(launcher: str, env: Mapping[str, str], gpus: int) -> str:
    """Say why processes cannot train together; '' if they can.

    Args:
        launcher: Value of ``--launcher``.
        env: Environment variables; torchrun sets ``RANK`` and ``LOCAL_WORLD_SIZE``.
        gpus: GPUs that this process sees.
    """
    if launcher == "pytorch" and "RANK" not in env:
        return (
            "--launcher pytorch is for processes that torchrun starts: run tools/dist_train.sh "
            "CONFIG GPUS, or leave the launcher out"
        )
    if launcher in ("slurm", "mpi") and not gpus:
        return (
            f"--launcher {launcher} uses NCCL, which needs a GPU, and this machine has none; on "
            "CPUs start the processes with tools/dist_train.sh, which then uses gloo"
        )
    processes = int(env.get("LOCAL_WORLD_SIZE", 1))
    if launcher == "pytorch" and 0 < gpus < processes:
        return (
            f"{processes} processes on a machine with {gpus} GPU{'s' * (gpus > 1)}: NCCL takes one "
            f"process per GPU, so start at most {gpus}"
        )
    return ""


def join_cpu_processes(launcher: str) -> None:
    """Join the processes that torchrun started where there is no GPU.

    mmengine's launcher takes NCCL and a CUDA device for granted, but leaves a group alone that
    exists. The config needs ``model_wrapper_cfg=dict(type='MMDistributedDataParallel',
    device_ids=None)``.

    Raises:
        SystemExit: If the processes cannot train together.
    """
    import torch

    if launcher == "none":
        return
    misfit = describe_misfit(launcher, os.environ, torch.cuda.device_count())
    if misfit:
        sys.exit(f"adla: {misfit}")
    if launcher == "pytorch" and not torch.cuda.is_available():
        torch.distributed.init_process_group("gloo")


def leave_processes() -> None:
    """Leave the processes that this one worked with, if any, once its work is done.

    A thread of gloo that still holds tensors when the interpreter ends aborts it, and torchrun then
    takes a run that is complete for a failed one. The threads end with the last reference to their
    group. After an error it is left alone: it may wait for the others.
    """
    import torch
    from mmengine.dist import is_distributed

    if is_distributed():
        # The wrapped model holds the group, and is in a cycle with the runner.
        gc.collect()
        torch.distributed.destroy_process_group()
