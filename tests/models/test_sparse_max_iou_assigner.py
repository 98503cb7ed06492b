"""The drop-in for mmdet's MaxIoUAssigner."""

import pytest
import torch
from mmdet.models.task_modules.assigners import MaxIoUAssigner
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.structures import InstanceData

from adla.models import SparseMaxIoUAssigner

from ..limits import limited
from .max_iou_cases import assert_same, compare_max_iou


@pytest.mark.parametrize("seed", range(6))
def test_equals_the_stock_class_on_random_cases(seed):
    assert compare_max_iou(range(seed * 100_000, seed * 100_000 + 100)) > 30


@pytest.fixture(params=[0, 2**18], ids=["sparse", "dense"])
def never_stock(request):
    with limited(stock_pairs=0, dense_pairs=request.param):
        yield


def assign_both(priors, gts, ignored=None, labels=None, **arguments):
    arguments = {"pos_iou_thr": 0.5, "neg_iou_thr": 0.4} | arguments
    gts = InstanceData(bboxes=gts, labels=torch.arange(len(gts)) if labels is None else labels)
    instances = InstanceData(priors=priors), gts, ignored
    stock = MaxIoUAssigner(**arguments).assign(*instances)
    sparse = SparseMaxIoUAssigner(**arguments).assign(*instances)
    assert_same(stock, sparse)
    return sparse


def test_an_object_that_nothing_overlaps_takes_all_priors_as_in_the_stock_class(never_stock):
    priors = torch.tensor([[0.0, 0, 10, 10], [20, 20, 30, 30]])
    gts = torch.tensor([[0.0, 0, 10, 10], [90, 90, 95, 95], [0, 0, 9, 10]])
    assert assign_both(priors, gts).gt_inds.tolist() == [3, 2]
    assert assign_both(priors, gts[:2]).gt_inds.tolist() == [2, 2]
    assert assign_both(priors, gts[:2], gt_max_assign_all=False).gt_inds.tolist() == [2, 0]
    assert assign_both(priors, gts[:2], min_pos_iou=0.1).gt_inds.tolist() == [1, 0]


def test_ties_of_the_best_prior_go_to_all_or_to_the_first(never_stock):
    priors = torch.tensor([[0.0, 0, 8, 8], [2, 0, 10, 8], [30, 0, 38, 8]])
    gts = torch.tensor([[3.0, 2, 7, 6]])  # IoU .25 with the first two
    assert assign_both(priors, gts).gt_inds.tolist() == [1, 1, 0]
    assert assign_both(priors, gts, gt_max_assign_all=False).gt_inds.tolist() == [1, 0, 0]


def test_box_types_of_mmdet_and_scores_in_a_fifth_column(never_stock):
    priors = torch.tensor([[0.0, 0, 10, 10], [20, 20, 30, 30]])
    gts = torch.tensor([[0.0, 0, 10, 9]])
    ignored = InstanceData(bboxes=HorizontalBoxes(torch.tensor([[18.0, 18, 40, 40]])))
    result = assign_both(HorizontalBoxes(priors), HorizontalBoxes(gts), ignored, ignore_iof_thr=0.5)
    assert result.gt_inds.tolist() == [1, -1]
    scored = torch.cat([priors, torch.ones(2, 1)], dim=1)
    assert assign_both(scored, gts).gt_inds.tolist() == [1, 0]


@pytest.mark.parametrize("sizes", [(0, 3), (5, 0), (0, 0)])
def test_no_priors_or_no_objects(never_stock, sizes):
    assign_both(torch.rand(sizes[0], 4), torch.rand(sizes[1], 4))
