"""The sparse assignment against the dense one, bit by bit; the dense one has its own reference."""

import random
from itertools import product

import pytest
import torch

from adla.core import AssignmentRule, assign_adaptive, limits
from adla.core.adaptive import assignment

from ...limits import limited
from ..campaign import compare_engines
from ..random_boxes import random_assignment


@pytest.mark.parametrize("seed", range(10))
def test_equals_the_dense_assignment_on_random_cases(seed):
    seen = compare_engines(range(seed * 100_000, seed * 100_000 + 100))
    assert min(seen.values()) > 1, seen


def assign_both(*args, **kwargs):
    """Assign by either engine in small blocks, compare, and return the result."""
    dense = assign_adaptive(*args, **kwargs, engine="dense")
    for like, block in product((limits.CPU, limits.CUDA), (1, 2**17)):
        with limited(like=like, candidates=block):
            sparse = assign_adaptive(*args, **kwargs, engine="sparse")
        assert sparse.gt_inds.equal(dense.gt_inds)
        assert sparse.max_overlaps.equal(dense.max_overlaps)
    return dense


def test_a_prediction_alone_makes_a_prior_positive_or_keeps_it_from_being_negative():
    # No anchor touches the object. alpha 0: D = R - R^1.5, at R = .49 .147; alpha .6: .059.
    priors = torch.tensor([[0.0, 0, 10, 10], [20, 0, 30, 10]])
    gts = torch.tensor([[50.0, 50, 60, 60]])
    preds = torch.tensor([[50.0, 50, 57, 57], [20, 0, 30, 10]])
    positive = assign_both(priors, gts, AssignmentRule(alpha=0.0), preds)
    assert positive.gt_inds.tolist() == [1, 0]
    ignored = assign_both(priors, gts, AssignmentRule(alpha=0.6), preds)
    assert ignored.gt_inds.tolist() == [-1, 0]


def test_a_threshold_of_zero_leaves_no_negatives_also_far_from_all_objects():
    # IoU_max is 0 for the second object, so T_n = 0, and D = 0 < 0 is false for every prior.
    priors = torch.tensor([[0.0, 0, 10, 10], [500, 500, 510, 510]])
    gts = torch.tensor([[0.0, 0, 10, 10], [900, 0, 910, 10]])
    rule = AssignmentRule(t_pos_min=0.0, t_neg_min=0.0)
    assert assign_both(priors, gts, rule).gt_inds.tolist() == [1, -1]
    assert assign_both(priors, gts[:1], rule).gt_inds.tolist() == [1, 0]


def test_ties_over_block_borders_go_to_the_lowest_index():
    priors = torch.tensor([[0.0, 0, 10, 10]]).repeat(5, 1)
    gts = torch.tensor([[0.0, 0, 10, 9]]).repeat(7, 1)
    forced = AssignmentRule(force_match=True)
    assert assign_both(priors, gts, AssignmentRule()).gt_inds.tolist() == [1] * 5
    assert assign_both(priors, gts[:0], forced).gt_inds.tolist() == [0] * 5
    nothing_fits = AssignmentRule(
        force_match=True, adaptive_threshold=False, pos_iou_thr=0.95, neg_iou_thr=0.3
    )
    result = assign_both(priors, gts, nothing_fits)
    assert result.gt_inds.tolist() == [1, 2, 3, 4, 5]


def test_auto_takes_each_engine_and_the_result_stays():
    rng = random.Random(11)
    case = random_assignment(rng)
    while len(case["gt_boxes"]) < 10 or len(case["priors"]) < 100:
        case = random_assignment(rng)
    expected = assign_adaptive(**case, engine="dense")
    for like in (limits.CPU, limits.CUDA):
        for sieved, dense in ((0, 0), (0, 100), (0, 2**30), (2**30, 2**30)):
            with limited(like=like, sieved_pairs=sieved, dense_pairs=dense):
                assert assign_adaptive(**case).gt_inds.equal(expected.gt_inds)


def test_2500_objects_need_little_memory_and_no_dense_matrix(monkeypatch):
    # 2,500 x 60,000 pairs in float32 are 600 MB a matrix; no tensor may come near that.
    generator = torch.Generator().manual_seed(0)

    def boxes(count, side):
        corner = torch.rand(count, 2, generator=generator) * 800
        return torch.cat([corner, corner + side], dim=1)

    largest = []
    original = assignment.SparseEngine._measure

    def measure(self, gt, prior):
        largest.append(len(gt))
        return original(self, gt, prior)

    monkeypatch.setattr(assignment.SparseEngine, "_measure", measure)
    gts, priors = boxes(2500, 10), boxes(60_000, 16)
    result = assign_adaptive(priors, gts, AssignmentRule(alpha=0.6), priors + 1)
    assert max(largest) <= 2**17 < sum(largest)
    assert (result.gt_inds > 0).sum() > 2500
