"""YOLOv8's own label assignment."""

from collections.abc import Sequence

from mmdet.registry import TASK_UTILS

from .msla_assigner import MSLAAssigner

#: Versions of ultralytics, and whether small objects have a wider gate there.
VERSIONS = {"8.2": False, "8.3": False, "8.4": True}
#: Added to the largest metric of an object before its target scores are divided by it.
EPS = 1e-9


@TASK_UTILS.register_module()
class YOLOv8Assigner(MSLAAssigner):
    """Assign priors as YOLOv8 does, to the letter: task alignment (TOOD) with its own details.

    CIoU on all levels, which compete; only points inside the object; a point that several objects
    chose goes to the one with the largest overlap, even if that did not choose it; the target score
    is divided by the object's largest metric plus 1e-9, so that objects of a few pixels, whose
    metrics are of that size, hardly count; an object without a point inside has no positive.

    Args:
        version: Which ultralytics: ``8.2`` or ``8.3``, whose assignments are the same, or ``8.4``,
            from which on a side shorter than the first stride counts in the gate as long as the
            second: of objects below 8 px as 16 px, or with P2 below 4 px as 8 px.
        topk: Candidates of one ground truth, at least 1.
        alpha: Exponent of the score in the alignment metric, at least 0.
        beta: Exponent of the overlap in the alignment metric, at least 0.
        strides: The strides of the levels, finest first, see :class:`MSLAAssigner`.
        scores_are_logits: Whether :meth:`assign` is handed logits, as by ``RTMDetHead``.

    Raises:
        ValueError: If the version is another, or an argument is outside its range.
    """

    def __init__(
        self,
        version: str | float = "8.3",
        topk: int = 10,
        alpha: float = 0.5,
        beta: float = 6.0,
        strides: Sequence[int] | None = None,
        scores_are_logits: bool = False,
    ) -> None:
        if str(version) not in VERSIONS:  # a command line makes a number of it
            raise ValueError(
                f"YOLOv8Assigner: version must be one of {', '.join(VERSIONS)} (of ultralytics), "
                f"but got {version!r}"
            )
        super().__init__(
            metrics="ciou",
            topk=topk,
            topk_per_level=False,
            alpha=alpha,
            beta=beta,
            soft_target="ciou",
            force_match=False,
            strides=strides,
            scores_are_logits=scores_are_logits,
            contested="all",
            eps=EPS,
            widen_small_sides=VERSIONS[str(version)],
        )
        self.version = str(version)
