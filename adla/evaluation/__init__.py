"""Metrics of tiny object detection; those for mmdet are registered in its registry.

With ``ADLA_CORE_ONLY=1`` nothing that needs mmdet is imported, see :mod:`adla`.
"""

import os as _os

from .tiny_evaluation import TinyEvaluation

__all__ = ["TinyEvaluation"]

if _os.environ.get("ADLA_CORE_ONLY") != "1":
    from .sirst_metric import SIRSTMetric
    from .tiny_coco_metric import TinyCocoMetric

    __all__ += ["SIRSTMetric", "TinyCocoMetric"]
