"""How an assigner asks a head of adla for predictions, and how it gets them."""

from collections.abc import Callable, Mapping
from typing import Any

from mmdet.models.task_modules.assigners import AssignResult, BaseAssigner
from mmengine.structures import InstanceData
from torch import Tensor

#: mmdet's own assigners that read boxes and scores of the predictions; they cannot say so.
_MMDET_READERS = ("DynamicSoftLabelAssigner", "SimOTAAssigner", "TaskAlignedAssigner")


def asks_for(assigner: BaseAssigner, what: str) -> bool:
    """Say whether an assigner asks a head for something at present.

    An assigner asks by an attribute: ``needs_predictions`` for the regressed boxes,
    ``needs_scores`` for the scores beside them, ``needs_empty_images`` for both of images without
    objects too. Without the attribute it does not ask.

    Args:
        assigner: The assigner.
        what: ``'predictions'``, ``'scores'`` or ``'empty_images'``.
    """
    return bool(getattr(assigner, f"needs_{what}", type(assigner).__name__ in _MMDET_READERS))


def require_progress(assigner: BaseAssigner) -> None:
    """Refuse an assigner that says by ``needs_progress`` that nobody told it the progress.

    Raises:
        ValueError: If it says so; the message names the hook that is missing.
    """
    if getattr(assigner, "needs_progress", False):
        raise ValueError(
            f"{type(assigner).__name__} was never told the progress of the training: add "
            "dict(type='AssignProgressHook') to custom_hooks, or call set_progress() yourself"
        )


class ShownAssigner:
    """An assigner that sees more of each prior, such as boxes (N, 4) and scores (N, C).

    Args:
        assigner: The real assigner.
        show: Returns what it is to see beside the priors of an image.
    """

    def __init__(
        self, assigner: BaseAssigner, show: Callable[[InstanceData], Mapping[str, Tensor]]
    ) -> None:
        self._assigner, self._show = assigner, show

    def assign(self, pred_instances: InstanceData, *args: Any, **kwargs: Any) -> AssignResult:
        """Assign as the real assigner does, on priors and predictions."""
        shown = InstanceData(priors=pred_instances.priors, **self._show(pred_instances))
        return self._assigner.assign(shown, *args, **kwargs)
