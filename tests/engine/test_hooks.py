"""The hooks by themselves."""

from types import SimpleNamespace

import pytest
import torch
from mmdet.models.task_modules import MaxIoUAssigner
from mmengine.runner import IterBasedTrainLoop
from torch import nn

from adla.core import AssignmentRule, assign_adaptive
from adla.engine import AssignProgressHook, AssignStatsHook, ChannelsLastHook
from adla.engine.assigners import find_assigners
from adla.engine.hooks.assign_stats_hook import count_by_size
from adla.models import AdaptiveDynamicAssigner


class Head(nn.Module):
    def __init__(self, assigner):
        super().__init__()
        self.assigner = assigner


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.rpn_head = Head(AdaptiveDynamicAssigner())
        self.roi_head = nn.Module()
        self.roi_head.bbox_assigner = [MaxIoUAssigner(t, t) for t in (0.5, 0.6)]
        self.twin = Head(self.rpn_head.assigner)  # the same object is found once


def test_find_assigners_names_each_once():
    detector = Detector()
    found = find_assigners(detector)
    assert list(found) == [
        "rpn_head.assigner", "roi_head.bbox_assigner.0", "roi_head.bbox_assigner.1"
    ]  # fmt: skip
    assert found["rpn_head.assigner"] is detector.rpn_head.assigner


class Runner:
    """The counters of a runner, which is all that the progress depends on."""

    def __init__(self, loop=None):
        self.model, self.train_loop = Detector(), loop
        self.iter, self.max_iters, self.epoch, self.max_epochs = 0, 100, 0, 12


def test_progress_by_iteration():
    runner, hook = Runner(), AssignProgressHook()
    hook.before_train(runner)
    for runner.iter, alpha in ((0, 1), (10, 1), (30, 0.8), (99, 0.6)):
        hook.before_train_iter(runner, 0)
        assert runner.model.rpn_head.assigner.rule.alpha == pytest.approx(alpha)


def test_by_epoch_in_a_loop_of_iterations_is_refused():
    with pytest.raises(ValueError, match="by_epoch=False"):
        AssignProgressHook(by_epoch=True).before_train(
            Runner(IterBasedTrainLoop.__new__(IterBasedTrainLoop))
        )


def test_without_an_assigner_to_tell_nothing_happens():
    hook, runner = AssignProgressHook(by_epoch=True), Runner()
    runner.model = Head(MaxIoUAssigner(0.5, 0.4))
    hook.before_train(runner)
    hook.before_train_iter(runner, 0)


def test_interval_below_one_is_refused():
    with pytest.raises(ValueError, match="interval must be at least 1, but got 0"):
        AssignStatsHook(interval=0)


def test_count_by_size_by_hand():
    gts = torch.tensor([[0, 0, 5, 5], [0, 0, 6, 6], [0, 0, 10, 10], [0, 0, 40, 40.0]])
    gt_inds = torch.tensor([1, 1, 1, 3, 0, -1, -1, 0])
    counts = count_by_size(gt_inds, gts)
    assert counts.tolist() == [[2, 3, 1], [1, 1, 0], [0, 0, 0], [1, 0, 1]]
    assert count_by_size(gt_inds.clamp(max=0), gts[:0]).sum() == 0
    mask = torch.ones(len(gts) + 2, dtype=torch.bool)
    mask[-2:] = False  # a batch that another image fills up
    padded = torch.cat([gts, gts.new_zeros(2, 4)])
    assert count_by_size(gt_inds, padded, mask).tolist() == counts.tolist()


def test_count_by_size_agrees_with_the_assignment():
    generator = torch.Generator().manual_seed(0)
    xy = torch.rand(500, 2, generator=generator) * 100
    priors = torch.cat([xy, xy + 2 + torch.rand(500, 2, generator=generator) * 40], 1)
    result = assign_adaptive(priors, priors[:60] + 1, AssignmentRule())
    counts = count_by_size(result.gt_inds, priors[:60] + 1)
    assert counts[:, 0].sum() == 60
    assert counts[:, 1].sum() == (result.gt_inds > 0).sum()
    without = set(range(1, 61)) - set(result.gt_inds.tolist())
    assert counts[:, 2].sum() == len(without)


def test_channels_last_weights_give_the_same_network_and_channels_last_features():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.SiLU(), nn.Conv2d(8, 4, 3))
    image = torch.rand(2, 3, 16, 16)
    before = network(image)
    ChannelsLastHook().before_run(SimpleNamespace(model=network))
    after = network(image)
    assert before.is_contiguous()
    assert after.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(after, before)
