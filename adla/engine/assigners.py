"""Where the assigners of a detector are."""

from mmdet.models.task_modules.assigners import BaseAssigner
from torch import nn

from .wrapped_models import detector_of


def find_assigners(model: nn.Module) -> dict[str, BaseAssigner]:
    """Return all assigners of a detector by their dotted path, each object once.

    Args:
        model: A detector, also inside a wrapper, see :func:`.detector_of`.

    Returns:
        Such as ``{'rpn_head.assigner': ..., 'roi_head.bbox_assigner': ...}``; the stages of a
        cascade are numbered (``roi_head.bbox_assigner.0``).
    """
    detector = detector_of(model)
    found: dict[str, BaseAssigner] = {}
    for path, module in detector.named_modules():
        for name, value in vars(module).items():
            stages = value if isinstance(value, (list, tuple)) else [value]
            for i, stage in enumerate(stages):
                if isinstance(stage, BaseAssigner) and all(stage is not a for a in found.values()):
                    parts = [path, name] + ([str(i)] if stage is not value else [])
                    found[".".join(filter(None, parts))] = stage
    return found
