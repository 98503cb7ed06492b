"""mmdet's MaxIoUAssigner in blocks: the same result, less memory."""

import random

import pytest
import torch
from mmdet.models.task_modules.assigners import MaxIoUAssigner
from mmdet.registry import TASK_UTILS
from mmengine.structures import InstanceData

from adla.models import BlockwiseMaxIoUAssigner, SparseMaxIoUAssigner

from ..core.random_boxes import random_assignment
from .max_iou_cases import assert_same, random_arguments
from .test_distance_overlaps import KINDS, config

CALCULATORS = [*map(config, KINDS)]


@pytest.mark.parametrize("calculator", CALCULATORS, ids=lambda cfg: cfg["type"])
def test_equals_the_stock_class_on_random_cases(calculator):
    blocks = 0
    for seed in range(40):
        rng = random.Random(seed)
        case = random_assignment(rng)
        arguments = random_arguments(rng) | dict(iou_calculator=calculator)
        arguments["ignore_iof_thr"] = rng.choice([-1, 0.3])
        priors, gts = case["priors"], case["gt_boxes"]
        ignored = case["ignore_boxes"]
        if ignored is not None:
            ignored = InstanceData(bboxes=ignored.nan_to_num(3, 9, 1).clamp(-1e6, 1e6))
        instances = (
            InstanceData(priors=priors),
            InstanceData(bboxes=gts, labels=torch.arange(len(gts)) % 5),
            ignored,
        )
        block_pairs = rng.choice([20, 30, 500])
        blocks += len(priors) * len(gts) > block_pairs
        stock = MaxIoUAssigner(**arguments).assign(*instances)
        blockwise = SparseMaxIoUAssigner(block_pairs=block_pairs, **arguments)
        found = blockwise.assign(*instances)
        assert torch.allclose(found.max_overlaps, stock.max_overlaps, rtol=1e-6, atol=1e-7)
        found.max_overlaps = stock.max_overlaps  # the last bit may depend on the block
        assert_same(stock, found, f"seed {seed}, {arguments}")
    assert blocks > 10


def test_measures_no_more_at_once_than_a_block(monkeypatch):
    assigner = SparseMaxIoUAssigner(
        0.7, 0.3, 0.3, ignore_iof_thr=0.5, iou_calculator=config("DotDOverlaps2D"), block_pairs=2000
    )
    seen, measure = [], assigner.iou_calculator
    monkeypatch.setattr(
        assigner,
        "iou_calculator",
        lambda a, b, *args, **kw: seen.append(len(a) * len(b)) or measure(a, b, *args, **kw),
    )
    corners = torch.rand(300, 2) * 300
    priors = torch.cat([corners, corners + 8], dim=1)
    gts = InstanceData(bboxes=priors[:200] + 1, labels=torch.zeros(200, dtype=torch.long))
    assigner.assign(InstanceData(priors=priors), gts, InstanceData(bboxes=priors[:250]))
    assert len(seen) > 50 and max(seen) <= 2000
    assert assigner.match_low_quality


def test_few_pairs_go_to_the_stock_class(monkeypatch):
    assigner = SparseMaxIoUAssigner(0.5, 0.4, iou_calculator=config("DotDOverlaps2D"))
    calls = []
    monkeypatch.setattr(
        assigner, "_low_quality_in_blocks", lambda *args: calls.append(args)
    )  # the blocks' own
    boxes = torch.tensor([[0.0, 0, 9, 9]])
    gts = InstanceData(bboxes=boxes, labels=torch.tensor([0]))
    assert assigner.assign(InstanceData(priors=boxes), gts).gt_inds.tolist() == [1]
    assert not calls


def test_refused():
    cfg = dict(type="SparseMaxIoUAssigner", pos_iou_thr=0.5, neg_iou_thr=0.4)
    with pytest.raises(ValueError, match="block_pairs must be at least 1, but got 0"):
        TASK_UTILS.build(cfg | dict(block_pairs=0))
    repeat = dict(perm_repeat_gt_cfg=dict(iou_thr=0.7))
    assert TASK_UTILS.build(cfg | repeat).perm_repeat_gt_cfg
    with pytest.raises(ValueError, match=r"perm_repeat_gt_cfg.*DotDOverlaps2D"):
        TASK_UTILS.build(cfg | repeat | dict(iou_calculator=config("DotDOverlaps2D")))


def test_the_former_name_warns():
    cfg = dict(type="BlockwiseMaxIoUAssigner", pos_iou_thr=0.5, neg_iou_thr=0.4, block_pairs=7)
    with pytest.warns(FutureWarning, match="is now SparseMaxIoUAssigner"):
        assigner = TASK_UTILS.build(cfg)
    assert isinstance(assigner, BlockwiseMaxIoUAssigner) and assigner.block_pairs == 7
    assert isinstance(assigner, SparseMaxIoUAssigner)
