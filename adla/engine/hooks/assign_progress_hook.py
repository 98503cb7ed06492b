"""Tell the assigners how far the training is."""

from typing import Any

from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

from adla.engine.assigners import find_assigners


@HOOKS.register_module()
class AssignProgressHook(Hook):
    """Call ``set_progress`` of every assigner that has it before each training iteration.

    The progress is derived from the runner's counters each time and stored nowhere, so a resumed
    training goes on exactly where it stopped. Without such an assigner it sets nothing.

    Args:
        by_epoch: False for ``iter / max_iters``, which grows smoothly from 0; True for
            ``epoch / max_epochs`` with epochs counted from 1, as in Algorithm 1 of the ADLA paper.
    """

    priority = "VERY_HIGH"

    def __init__(self, by_epoch: bool = False) -> None:
        self.by_epoch = by_epoch
        self._assigners: list = []

    def before_train(self, runner: Runner) -> None:
        """Find the assigners.

        Raises:
            ValueError: If the progress is to go by epoch in a loop that counts iterations only.
        """
        assigners = find_assigners(runner.model).values()
        self._assigners = [a for a in assigners if hasattr(a, "set_progress")]
        if self._assigners and self.by_epoch:
            if not isinstance(runner.train_loop, EpochBasedTrainLoop):
                raise ValueError(
                    "AssignProgressHook: by_epoch=True needs an epoch-based train_cfg, but this is "
                    f"{type(runner.train_loop).__name__}; set by_epoch=False"
                )

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Set the progress of the iteration that begins."""
        if not self._assigners:
            return
        if self.by_epoch:
            progress = (runner.epoch + 1) / runner.max_epochs
        else:
            progress = runner.iter / runner.max_iters
        for assigner in self._assigners:
            assigner.set_progress(progress)
