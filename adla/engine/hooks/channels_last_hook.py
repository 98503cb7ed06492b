"""Train and test a network in channels-last memory."""

import torch
from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Keep the weights of 2D convolutions as (out, height, width, in).

    A convolution with such weights gives its output in the same order, and so does what follows it.
    In 16 bits a CPU and a GPU's tensor cores compute faster on it. Values differ by rounding only;
    checkpoints are read and written as before.
    """

    # Before the weights are averaged: what is averaged has the same order.
    priority = "VERY_HIGH"

    def before_run(self, runner: Runner) -> None:
        """Reorder the weights.

        Args:
            runner: The runner of the training or test.
        """
        runner.model.to(memory_format=torch.channels_last)
