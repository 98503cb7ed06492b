"""Random numbers that depend on seed, epoch and image alone."""

import multiprocessing
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from mmdet.registry import HOOKS
from mmengine.dataset import Compose
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner


def seed_all(*parts: int) -> None:
    """Seed Python's, NumPy's and torch's generators from non-negative integers."""
    first, second, third = np.random.SeedSequence(parts).generate_state(3).tolist()
    random.seed(first)
    np.random.seed(second)
    torch.manual_seed(third)


class SeededCompose(Compose):
    """A pipeline that seeds the generators before it transforms an image.

    Args:
        pipeline: The pipeline whose transforms it runs.
        seed: Seed of the training.
        epoch: The epoch, in memory that the loader's workers see.
    """

    def __init__(self, pipeline: Compose, seed: int, epoch: Any) -> None:
        super().__init__(None)
        self.transforms, self.seed, self.epoch = pipeline.transforms, seed, epoch

    def __call__(self, data: dict) -> dict | None:
        """Transform the image whose index in the data set is ``data["sample_idx"]``."""
        seed_all(self.seed, self.epoch.value, data["sample_idx"])
        return super().__call__(data)


def innermost(dataset: Any) -> Iterator[Any]:
    """Yield the data sets that read images, from inside their wrappers."""
    inside = getattr(dataset, "datasets", None) or [getattr(dataset, "dataset", None)]
    for inner in inside:
        if inner is None:
            yield dataset
        else:
            yield from innermost(inner)


@HOOKS.register_module()
class ExactResumeHook(Hook):
    """Make a training that was ended and resumed equal to one that was not.

    The workers of a loader keep their random state while a training runs, and start anew when it is
    resumed: flips and crops differ from then on. With this hook they follow from seed, epoch and
    image alone, whatever the number of workers; the generators of the main process are seeded at
    each epoch. A transform that keeps images between calls (``CachedMosaic``) still differs.
    Add it with ``default_hooks=dict(exact_resume=dict(type="ExactResumeHook"))``.
    """

    # After hooks that switch the pipeline.
    priority = "LOWEST"

    def __init__(self) -> None:
        self.epoch = multiprocessing.Value("l", 0)

    def before_train_epoch(self, runner: Runner) -> None:
        """Tell the pipelines the epoch.

        Args:
            runner: The runner of the training.

        Raises:
            ValueError: If the training does not run by epochs.
        """
        if not isinstance(runner.train_loop, EpochBasedTrainLoop):
            raise ValueError(
                "ExactResumeHook needs train_cfg.by_epoch=True, but the loop is "
                f"{type(runner.train_loop).__name__}"
            )
        self.epoch.value = runner.epoch
        seed_all(runner.seed, runner.epoch, runner.rank)
        for dataset in innermost(runner.train_dataloader.dataset):
            if not isinstance(dataset.pipeline, SeededCompose):
                dataset.pipeline = SeededCompose(dataset.pipeline, runner.seed, self.epoch)
