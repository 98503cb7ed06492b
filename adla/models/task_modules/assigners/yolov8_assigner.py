"""YOLOv8's own label assignment."""

import re
from collections.abc import Sequence

from mmdet.registry import TASK_UTILS

from adla.core.task_aligned import SmallSides

from .msla_assigner import MSLAAssigner

#: Versions of ultralytics, and which sides have a wider gate from there on.
VERSIONS: dict[tuple[int, int, int], SmallSides | None] = {
    (8, 2, 0): None,
    (8, 4, 0): "below_first",
    (8, 4, 128): "below_second",
}
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
        version: Which ultralytics: ``8.2`` or ``8.3``, whose assignments are the same, or ``8.4``
            (8.4.0), from which on a side shorter than the first stride counts in the gate as long
            as the second: one below 8 px as 16 px, or with P2 below 4 px as 8 px. From ``8.4.128``
            on that holds for a side shorter than the second stride. Releases may be named, such as
            ``8.3.40``.
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
            widen_small_sides=small_sides(version),
        )
        self.version = str(version)


def small_sides(version: str | float) -> SmallSides | None:
    """Return which sides have a wider gate in a version of ultralytics.

    Raises:
        ValueError: If the version is none of 8.2 to 8.4.
    """
    match = re.fullmatch(r"8\.([234])(?:\.(\d+))?", str(version))  # a command line makes a number
    if match is None:
        raise ValueError(
            "YOLOv8Assigner: version must be one of 8.2, 8.3, 8.4 (of ultralytics) or a release of "
            f"them such as 8.4.128, but got {version!r}"
        )
    release = (8, int(match[1]), int(match[2] or 0))
    return VERSIONS[max(first for first in VERSIONS if first <= release)]
