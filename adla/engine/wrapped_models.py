"""The detector inside of what a runner may have put around it."""

from typing import Any

from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import nn


def detector_of(model: nn.Module) -> Any:
    """Return the detector in a model for distributed training or test-time augmentation."""
    detector: Any = model
    while is_model_wrapper(detector) or isinstance(detector, BaseTTAModel):
        detector = detector.module
    return detector
