"""Effective receptive fields in the place of anchors."""

from collections.abc import Sequence

from mmdet.models.task_modules.prior_generators import AnchorGenerator
from mmdet.registry import TASK_UTILS

from .receptive_fields import theoretical_receptive_fields


@TASK_UTILS.register_module()
class ReceptiveFieldGenerator(AnchorGenerator):
    """One square per feature point as wide as its effective receptive field, as RFLA has it.

    The theoretical field of a level is that of the backbone's stage of the same stride, measured on
    the network (see :func:`theoretical_receptive_fields`); a level beyond the last stage counts as
    one more 3x3 convolution of stride 2, which adds twice the stride of the level before. The
    effective field is a fraction of it: RFLA (arXiv 2208.08738) takes half.

    Stands where an anchor head has ``anchor_generator``. As mmdet's anchors, fields are centered at
    multiples of the stride, where those of a network with odd kernels are.

    Args:
        strides: Strides of the levels, finest first.
        backbone: Config of the backbone, such as ``_base_.model.backbone``.
        receptive_fields: Theoretical fields in pixels, one a level, in the place of a backbone.
        fraction: Effective by theoretical field, above 0.
        ratios: Heights by widths of the boxes at a point, at equal area; RFLA's equations have
            squares alone.
        center_offset: As in ``AnchorGenerator``.

    Raises:
        ValueError: If not exactly one of backbone and receptive_fields is given, or they do not
            fit the strides, or the fraction is not above 0.
    """

    def __init__(
        self,
        strides: Sequence[int],
        backbone: dict | None = None,
        receptive_fields: Sequence[float] | None = None,
        fraction: float = 0.5,
        ratios: Sequence[float] = (1.0,),
        center_offset: float = 0.0,
    ) -> None:
        if (backbone is None) == (receptive_fields is None):
            raise ValueError(
                "ReceptiveFieldGenerator needs either backbone or receptive_fields, but got "
                f"{'neither' if backbone is None else 'both'}"
            )
        if fraction <= 0:
            raise ValueError(f"fraction must be above 0, but got {fraction}")
        if backbone is not None:
            receptive_fields = _fields_of_levels(backbone, strides)
        assert receptive_fields is not None
        if len(receptive_fields) != len(strides):
            raise ValueError(
                f"receptive_fields must be one number for each of the strides {list(strides)}, "
                f"but got {list(receptive_fields)}"
            )
        self.receptive_fields = tuple(receptive_fields)
        self.fraction = fraction
        super().__init__(
            strides=list(strides),
            ratios=list(ratios),
            scales=[1.0],
            base_sizes=[fraction * field for field in self.receptive_fields],
            center_offset=center_offset,
        )

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(strides={self.strides}, "
            f"receptive_fields={self.receptive_fields}, fraction={self.fraction}, "
            f"ratios={self.ratios.tolist()}, center_offset={self.center_offset})"
        )


def _fields_of_levels(backbone: dict, strides: Sequence[int]) -> list[int]:
    """Return the theoretical field of each level."""
    of_stage = theoretical_receptive_fields(backbone)
    last = max(of_stage)
    while last < max(strides):
        of_stage[2 * last] = of_stage[last] + 2 * last
        last *= 2
    missing = [stride for stride in strides if stride not in of_stage]
    if missing:
        raise ValueError(
            f"{backbone['type']} has no stage of stride {missing[0]}: its out_indices give "
            f"the strides {sorted(of_stage)}"
        )
    return [of_stage[stride] for stride in strides]
