"""Test a detector with mmdet's own tools/test.py; the metric comes as a table at the end.

Example: ``adla test CONFIG CHECKPOINT --cfg-options test_evaluator.classwise=True``
On several devices: ``tools/dist_test.sh CONFIG CHECKPOINT GPUS``
"""

from collections.abc import Sequence

from .mmdet_script import run


def main(words: Sequence[str]) -> int:
    """Test."""
    return run("test.py", words, __doc__)
