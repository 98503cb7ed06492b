"""Train a detector with mmdet's own tools/train.py.

Example: ``adla train configs/retinanet/retinanet_r50_fpn_adla-1x_aitod.py --auto-scale-lr``
On several devices: ``tools/dist_train.sh CONFIG GPUS`` or ``tools/slurm_train.sh PARTITION JOB
CONFIG``
"""

from collections.abc import Sequence

from .mmdet_script import run


def main(words: Sequence[str]) -> int:
    """Train."""
    return run("train.py", words, __doc__)
