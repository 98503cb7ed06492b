"""Metrics of tiny object detection, registered in mmdet's registry."""

from .tiny_coco_eval import TinyCocoEval
from .tiny_coco_metric import TinyCocoMetric

__all__ = ["TinyCocoEval", "TinyCocoMetric"]
