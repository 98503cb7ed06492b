"""The rates of YOLOv8's training, iteration by iteration."""

from typing import Any

import torch
from mmdet.registry import HOOKS
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn


@HOOKS.register_module()
class YOLOv8ScheduleHook(Hook):
    """Set learning rate, momentum and accumulation as YOLOv8 does; no scheduler goes with it.

    - The rate of an epoch falls linearly from the optimizer's `lr` to `lr * final_factor`, which
      it would reach after the last.
    - In the warmup rate and momentum go linearly to those of the epoch: the rate of biases from
      `warmup_bias_lr`, all others from 0, the momentum from `warmup_momentum`. It takes
      `warmup_epochs`, and at least `min_warmup_iters` iterations.
    - Gradients are summed over as many iterations as make `nominal_batch` images; in the warmup
      their number grows from 1.
    - Rate and weight decay are meant for that number of images. The decay is multiplied by those
      of one step over `nominal_batch`; the rate stays, also with ``--auto-scale-lr``.

    All is a function of the iteration, so that a resumed training goes on as it would have.

    Args:
        final_factor: YOLOv8's ``lrf``, in (0, 1].
        warmup_epochs: May be a fraction; 0 for none.
        warmup_bias_lr: Rate of biases, those of norms among them, in the first iteration.
        warmup_momentum: Momentum in the first iteration.
        min_warmup_iters: Iterations that a warmup takes at least.
        nominal_batch: Images whose gradients are summed; below the batch nothing is accumulated.

    Raises:
        ValueError: If an argument is out of range.
    """

    priority = "HIGHEST"  # before the rates are logged

    def __init__(
        self,
        final_factor: float = 0.01,
        warmup_epochs: float = 3.0,
        warmup_bias_lr: float = 0.1,
        warmup_momentum: float = 0.8,
        min_warmup_iters: int = 100,
        nominal_batch: int = 64,
    ) -> None:
        if not 0 < final_factor <= 1 or warmup_epochs < 0 or nominal_batch < 1:
            raise ValueError(
                "YOLOv8ScheduleHook: final_factor must be in (0, 1], warmup_epochs at least 0 and "
                f"nominal_batch at least 1, but got {final_factor}, {warmup_epochs} and "
                f"{nominal_batch}"
            )
        self.final_factor = final_factor
        self.warmup_epochs = warmup_epochs
        self.warmup_bias_lr = warmup_bias_lr
        self.warmup_momentum = warmup_momentum
        self.min_warmup_iters = min_warmup_iters
        self.nominal_batch = nominal_batch

    def before_run(self, runner: Runner) -> None:
        """Take back what ``--auto-scale-lr`` did to the rates, before a checkpoint is loaded."""
        scaling = runner.auto_scale_lr or {}
        optimizer = getattr(runner.optim_wrapper, "optimizer", None)  # none in a test
        if optimizer is None or not scaling.get("enable"):
            return
        for group in optimizer.param_groups:
            group["lr"] *= scaling["base_batch_size"] / images_per_iteration(runner)
        runner.logger.info(
            f"YOLOv8ScheduleHook: the rate is that of {self.nominal_batch} images a step, up to "
            "which gradients are summed, so the scaling above is taken back"
        )

    def before_train(self, runner: Runner) -> None:
        """Note the rates that the optimizer was built with, and scale the weight decay.

        Raises:
            ValueError: If there are schedulers besides, or the wrapper does not sum gradients.
        """
        if runner.param_schedulers:
            raise ValueError("YOLOv8ScheduleHook sets the learning rate: leave out param_scheduler")
        if not getattr(runner.optim_wrapper, "sum_gradients", False):
            raise ValueError(
                "YOLOv8ScheduleHook sums gradients: it needs optim_wrapper=dict(type="
                "'SummingOptimWrapper', sum_gradients=True), but the config has a "
                f"{type(runner.optim_wrapper).__name__} without"
            )
        loader = runner.train_dataloader
        self.batch = images_per_iteration(runner)
        self.warmup_iters = 0
        if self.warmup_epochs:
            self.warmup_iters = max(round(self.warmup_epochs * len(loader)), self.min_warmup_iters)
        self.is_bias = bias_groups(runner.model, runner.optim_wrapper.optimizer)
        for group in runner.optim_wrapper.optimizer.param_groups:
            for name in ("lr", "momentum", "weight_decay"):
                if name in group:
                    group.setdefault(f"initial_{name}", group[name])
            images = self.batch * self.accumulation(self.warmup_iters)
            group["weight_decay"] = group["initial_weight_decay"] * images / self.nominal_batch

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Set the rates of the coming iteration."""
        wrapper, iteration = runner.optim_wrapper, runner.iter
        wrapper.accumulate(self.accumulation(iteration))
        factor = self.epoch_factor(runner.epoch, runner.max_epochs)
        for is_bias, group in zip(self.is_bias, wrapper.optimizer.param_groups, strict=True):
            start = self.warmup_bias_lr if is_bias else 0.0
            group["lr"] = self.warm(iteration, start, group["initial_lr"] * factor)
            if "momentum" in group:
                group["momentum"] = self.warm(
                    iteration, self.warmup_momentum, group["initial_momentum"]
                )

    def epoch_factor(self, epoch: int, max_epochs: int) -> float:
        """Return what the rate of an epoch, counted from 0, is multiplied by."""
        return (1 - epoch / max_epochs) * (1 - self.final_factor) + self.final_factor

    def accumulation(self, iteration: int) -> int:
        """Return over how many iterations gradients are summed."""
        return max(round(self.warm(iteration, 1.0, self.nominal_batch / self.batch)), 1)

    def warm(self, iteration: int, start: float, end: float) -> float:
        """Return the value of the warmup's line at an iteration, `end` after it."""
        if iteration >= self.warmup_iters:
            return end
        return start + (end - start) * iteration / self.warmup_iters


def images_per_iteration(runner: Runner) -> int:
    """Return how many images all processes together see in one iteration."""
    return runner.train_dataloader.batch_sampler.batch_size * get_world_size()


def bias_groups(model: nn.Module, optimizer: torch.optim.Optimizer) -> list[bool]:
    """Tell of each parameter group whether it holds biases, those of norms among them.

    Raises:
        ValueError: If a group holds both biases and others.
    """
    biases = {id(p) for name, p in model.named_parameters() if name.endswith("bias")}
    kinds = [{id(p) in biases for p in group["params"]} for group in optimizer.param_groups]
    if any(len(kind) != 1 for kind in kinds):
        raise ValueError(
            "the biases need parameter groups of their own for YOLOv8's warmup: set "
            "optim_wrapper.paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0)"
        )
    return [kind == {True} for kind in kinds]
