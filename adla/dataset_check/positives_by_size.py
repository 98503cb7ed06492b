"""How many positives the objects of a training get before any training, by size."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from mmdet.registry import DATASETS, TASK_UTILS
from mmdet.structures.bbox import get_box_tensor
from mmengine.config import Config
from mmengine.structures import InstanceData
from rich.progress import track

from adla.engine.hooks.assign_stats_hook import count_by_size
from adla.size_bins import SIZE_BINS


@dataclass
class Sample:
    """One training image as the network gets it.

    Attributes:
        extent: Padded height and width in pixels.
        gts: ``bboxes`` (K, 4), xyxy in pixels, and ``labels`` (K,); K > 0.
        ignored: ``bboxes`` (I, 4).
    """

    extent: tuple[int, int]
    gts: InstanceData
    ignored: InstanceData


@dataclass
class Positives:
    """What the objects of one size bin got, or of all.

    Attributes:
        objects: How many there were.
        positives: Positives of all of them.
        without: Objects without any.
    """

    objects: int
    positives: int
    without: int


def training_samples(cfg: Config, count: int | None = None) -> Iterator[Sample]:
    """Yield the training images with objects, sent through their pipeline.

    Args:
        cfg: A config.
        count: How many images to draw at random; None for all.
    """
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    divisor = (cfg.model.get("data_preprocessor") or {}).get("pad_size_divisor", 1)
    chosen = np.random.permutation(len(dataset))[:count]
    for index in track(chosen, description="training images", transient=True):
        data = dataset[int(index)]
        sample = data["data_samples"]
        if len(sample.gt_instances):
            height, width = (-(-side // divisor) * divisor for side in data["inputs"].shape[1:])
            for instances in (sample.gt_instances, sample.ignored_instances):
                instances.bboxes = get_box_tensor(instances.bboxes)
            yield Sample((height, width), sample.gt_instances, sample.ignored_instances)


class PositiveCounter:
    """Assigns the anchors of a config's one-stage head and counts by size.

    Predictions are not shown: the assignment is that of the start of a training.

    Args:
        cfg: A config.

    Raises:
        ValueError: If the detector has no head with anchors of its own.
    """

    def __init__(self, cfg: Config) -> None:
        head = cfg.model.get("bbox_head")
        if not isinstance(head, dict) or "anchor_generator" not in head:
            raise ValueError(f"{cfg.filename}: model.bbox_head has no anchor_generator")
        self._generator = TASK_UTILS.build(head["anchor_generator"])
        self._assigner = TASK_UTILS.build(cfg.model["train_cfg"]["assigner"])
        self._counts = torch.zeros(len(SIZE_BINS), 3, dtype=torch.long)
        parameters = inspect.signature(self._assigner.assign).parameters
        self._by_level = "num_level_priors" in parameters

    def add(self, sample: Sample) -> None:
        """Assign one image."""
        height, width = sample.extent
        maps = [(-(-height // y), -(-width // x)) for x, y in self._generator.strides]
        levels = self._generator.grid_priors(maps, device="cpu")
        options = {"num_level_priors": [len(x) for x in levels]} if self._by_level else {}
        result = self._assigner.assign(
            InstanceData(priors=torch.cat(levels)),
            gt_instances=sample.gts,
            gt_instances_ignore=sample.ignored,
            **options,
        )
        self._counts += count_by_size(result.gt_inds, sample.gts.bboxes)

    def table(self) -> dict[str, Positives]:
        """Return the counts by size bin, and of ``all``."""
        rows = [*self._counts.tolist(), self._counts.sum(dim=0).tolist()]
        return {name: Positives(*row) for name, row in zip([*SIZE_BINS, "all"], rows, strict=True)}
