"""What each step of a training pipeline does to the targets: which it loses, which it shrinks."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from mmcv.transforms import Compose
from mmdet.structures.bbox import get_box_tensor
from mmengine.config import Config
from mmengine.dataset import BaseDataset


@dataclass
class StepLosses:
    """What one step did, summed over all images.

    Attributes:
        name: The transform.
        images: Images that it was given.
        dropped: Images that it threw away.
        targets: Targets that these images had before it.
        lost: Targets that were gone afterwards.
        shrunk: Targets whose shorter side fell below the limit in this step.
        mixed_in: Targets of other images that it added.
        mixed_in_small: Those of them with a shorter side below the limit.
        sides: Shorter sides of all targets afterwards, in pixels.
    """

    name: str
    images: int = 0
    dropped: int = 0
    targets: int = 0
    lost: int = 0
    shrunk: int = 0
    mixed_in: int = 0
    mixed_in_small: int = 0
    sides: list[float] = field(default_factory=list)


def training_pipelines(cfg: Config) -> dict[str, list[dict]]:
    """Return the pipelines of a training by the epoch they begin with, such as 'from epoch 291'.

    The first is the data set's, the others are those of every ``PipelineSwitchHook``.

    Raises:
        ValueError: The data set mixes images in a wrapper, which no hook can switch off.
    """
    dataset = cfg.train_dataloader.dataset
    while "dataset" in dataset:
        if dataset.type == "MultiImageMixDataset":
            raise ValueError(
                "MultiImageMixDataset has no pipeline that PipelineSwitchHook could close: use "
                "CachedMosaic and CachedMixUp in the data set's own pipeline"
            )
        dataset = dataset.dataset
    pipelines = {"from epoch 1": dataset.pipeline}
    for hook in cfg.get("custom_hooks", []):
        if hook.type == "PipelineSwitchHook":
            pipelines[f"from epoch {hook.switch_epoch + 1}"] = hook.switch_pipeline
    return pipelines


def measure_losses(
    dataset: BaseDataset,
    pipeline: list[dict],
    min_side: float = 2.0,
    passes: int = 1,
    on_image: Callable[[], object] = lambda: None,
) -> list[StepLosses]:
    """Run every image through a pipeline and follow each target by its identity.

    What a mixing transform takes from its cache counts as mixed in; what it loses of that is not
    seen.

    Args:
        dataset: The images; its own pipeline is not used.
        pipeline: Configs of the transforms; what comes before the annotations, and after they
            are packed, is run but not measured.
        min_side: Limit of the shorter side, in pixels.
        passes: How often every image is run.
        on_image: Called after each image, for a progress bar.

    Returns:
        The steps in their order, the first being the state after loading.
    """
    transforms = Compose(pipeline).transforms
    steps = [StepLosses(type(transform).__name__) for transform in transforms]
    next_id = 0
    for index in list(range(len(dataset))) * passes:
        results = copy.deepcopy(dataset.get_data_info(index))
        before = None
        for transform, step in zip(transforms, steps, strict=True):
            results = transform(results)
            if results is not None and "gt_bboxes" not in results:
                if before is None:
                    continue
                break
            if before is None and results is not None:
                next_id = _number(results, next_id)
            after = _sides_by_id(results)
            _count(step, after if before is None else before, after, min_side)
            if results is None:
                step.dropped += 1
                break
            before = after
        on_image()
    return [step for step in steps if step.images]


def _number(results: dict, next_id: int) -> int:
    """Put a number of its own into the label of each target; transforms carry labels along."""
    stop = next_id + len(results["gt_bboxes"])
    results["gt_bboxes_labels"] = np.arange(next_id, stop)
    return stop


def _sides_by_id(results: dict | None) -> dict[int, list[float]]:
    """Return the shorter sides of the targets, in pixels: several where one was mixed in twice."""
    sides: dict[int, list[float]] = {}
    if results is not None:
        boxes = get_box_tensor(results["gt_bboxes"])
        shorter = (boxes[:, 2:] - boxes[:, :2]).amin(dim=1).tolist() if len(boxes) else []
        for identity, side in zip(results["gt_bboxes_labels"].tolist(), shorter, strict=True):
            sides.setdefault(identity, []).append(side)
    return sides


def _count(step: StepLosses, before: dict, after: dict, min_side: float) -> None:
    step.images += 1
    for identity in before.keys() | after.keys():
        old, new = before.get(identity, []), after.get(identity, [])
        small = sum(side < min_side for side in new) - sum(side < min_side for side in old)
        step.targets += len(old)
        step.lost += max(len(old) - len(new), 0)
        step.mixed_in += max(len(new) - len(old), 0)
        if old:
            step.shrunk += max(small, 0)
        else:
            step.mixed_in_small += small
        step.sides += new
