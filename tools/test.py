"""Test a detector with mmdet's own tools/test.py: ``test.py CONFIG CHECKPOINT [flags]``.

``MetricTableHook`` of the default runtime prints the metric as a table at the end.
"""

from mmdet_script import run

if __name__ == "__main__":
    run("test.py")
