"""Metrics of tiny object detection; those for mmdet are in its registry.

`TinyEvaluation` and what it is built from need no mmdet; `COMPONENTS` do.
"""

from adla.compat.lazy_components import lazy_components

from .tiny_evaluation import TinyEvaluation

#: Module of each component.
COMPONENTS = {"SIRSTMetric": "sirst_metric", "TinyCocoMetric": "tiny_coco_metric"}

__all__ = ["TinyEvaluation", *COMPONENTS]
__getattr__ = lazy_components(__name__, COMPONENTS)
