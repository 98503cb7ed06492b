"""Check that a checkpoint goes with the config before its weights are taken."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.optim import BaseOptimWrapper
from mmengine.runner import Runner
from torch import nn

from adla.compat.checkpoints import CheckpointError
from adla.engine.resumed_schedules import describe_other_schedule
from adla.models.checkpoints import (
    check_classes,
    check_weights,
    classes_in,
    classes_of,
    config_name,
    count_fitting,
    describe_misfit,
    weights_of,
)

from ..wrapped_models import detector_of

HINT = "--cfg-options default_hooks.checkpoint_check.strict=False takes it nonetheless"


@HOOKS.register_module()
class CheckpointCheckHook(Hook):
    """Refuse a checkpoint that does not go with the config; mmengine loads what happens to fit.

    A test and a resumed training need all weights, and each class under the label that it was
    trained with. A training that only starts from a checkpoint (``load_from``) needs some of its
    weights: a warning says how many come from it, and which labels differ.

    If the schedule has changed since the checkpoint that a training resumes from, such as by
    another learning rate or ``max_epochs``, one warning says so with the values.

    ``adla train`` and ``adla test`` add it to every config.

    Args:
        strict: False makes a warning of every error.
    """

    priority = "VERY_HIGH"  # before hooks that take something out of the checkpoint

    def __init__(self, strict: bool = True) -> None:
        self.strict = strict

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Check the checkpoint, and compare its schedule.

        Raises:
            CheckpointError: If it does not go with the config.
        """
        source = runner._load_from or f"the latest checkpoint in {runner.work_dir}"
        # A runner that only tests never builds its optimizer.
        trains = isinstance(runner.optim_wrapper, BaseOptimWrapper)
        starts = trains and not runner._resume
        model = detector_of(runner.model)
        of_weights = _check_start if starts else check_weights
        ours = classes_in(runner.cfg, "train" if trains else "test")
        checks = (
            partial(of_weights, model, weights_of(checkpoint), source, config_name(runner.cfg)),
            partial(check_classes, classes_of(checkpoint), ours, source),
        )
        for check, only_warns in zip(checks, (False, starts), strict=True):
            try:
                notes = check()
            except CheckpointError as error:
                if self.strict and not only_warns:
                    raise CheckpointError(f"{error}; {HINT}") from None
                notes = [str(error)]
            for note in notes:
                runner.logger.warning(note)
        if trains and runner._resume:
            other_schedule = describe_other_schedule(runner, checkpoint)
            if other_schedule:
                runner.logger.warning(other_schedule)


def _check_start(model: nn.Module, weights: Mapping, source: object, config: object) -> list[str]:
    """Say what of a checkpoint a training starts from.

    Raises:
        CheckpointError: If that is nothing.
    """
    fitting, total = count_fitting(model, weights), len(model.state_dict())
    misfit = describe_misfit(model, weights)
    if not fitting:
        raise CheckpointError(f"{source} has none of the {total} weights of {config}: {misfit}")
    if fitting == total:
        return []
    return [f"{fitting} of {total} weights come from {source}, the others start anew: {misfit}"]
