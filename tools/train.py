"""Train a detector with mmdet's own tools/train.py: ``train.py CONFIG [flags]``, see ``-h``."""

from mmdet_script import run

if __name__ == "__main__":
    run("train.py")
