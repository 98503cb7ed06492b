"""Assignment by rank against a slow reference, its conflicts, and its memory."""

import random

import pytest
import torch

from adla.core import assign_hierarchical, assign_ranked, nwd, rfd
from adla.core.ranked.assignment import resized

from .. import rival_reference as reference
from ..random_boxes import BoxMaker


def by_nwd(gts, priors):
    return nwd(gts[:, None], priors, 9.0)


def by_rfd(gts, priors):
    return rfd(gts[:, None], priors)


def random_case(seed):
    """Return ground truths and priors without odd boxes, with ties and crowds."""
    rng = random.Random(seed)
    make = BoxMaker(rng)
    boxes = [
        make.boxes(count).nan_to_num(3, 9, 1).clamp(-1e3, 1e3)
        for count in (rng.choice([0, 1, 3, 12]), rng.choice([0, 1, 5, 60]))
    ]
    for some in boxes:
        some[:, 2:] = torch.maximum(some[:, 2:], some[:, :2] + 0.5)
        if len(some) > 1:
            some[-1] = some[0]  # twins
    return *boxes, rng


@pytest.mark.parametrize("seed", range(60))
def test_agrees_with_the_reference(seed):
    gts, priors, rng = random_case(seed)
    k, blocks = rng.choice([1, 2, 3, 100]), rng.choice([1, 100, 2**22])
    result = assign_ranked(by_nwd, gts, priors, k, block_pairs=blocks)
    table = by_nwd(gts, priors)
    expected = reference.ranked(table.tolist(), k) if len(gts) else [0] * len(priors)
    assert result.gt_inds.tolist() == expected
    positive = result.gt_inds > 0
    assert result.overlaps[positive].equal(
        table[result.gt_inds[positive] - 1, positive.nonzero().squeeze(1)]
    )
    assert (result.overlaps[~positive] == 0).all()
    assert result.best.equal(table.amax(dim=0) if len(gts) else torch.zeros(len(priors)))


@pytest.mark.parametrize("seed", range(60))
def test_the_hierarchy_agrees_with_the_reference(seed):
    gts, priors, rng = random_case(seed)
    k1, k2, ratio = rng.choice([1, 3]), rng.choice([1, 2]), rng.choice([0.9, 0.3, 1.0])
    before = priors.clone()
    result = assign_hierarchical(by_rfd, gts, priors, (k1, k2), ratio)
    assert priors.equal(before)
    if not len(gts):
        assert (result.gt_inds == 0).all()
        return
    tables = by_rfd(gts, priors).tolist(), by_rfd(gts, resized(priors, ratio)).tolist()
    assert result.gt_inds.tolist() == reference.hierarchical(*tables, k1, k2)


def test_the_second_stage_adds_what_the_first_left():
    gts = torch.tensor([[0.0, 0, 10, 10]])
    # Before the decay the second fits best, after it the first: centers are all the same.
    fields = torch.tensor([[-2.0, -2, 12, 12], [-0.5, -0.5, 10.5, 10.5], [-30, -30, 40, 40]])
    first = assign_ranked(by_rfd, gts, fields, 1)
    assert first.gt_inds.tolist() == [0, 1, 0]
    result = assign_hierarchical(by_rfd, gts, fields, (1, 1), 0.7)
    assert result.gt_inds.tolist() == [1, 1, 0]
    assert result.overlaps[1] == first.overlaps[1]
    assert result.overlaps[0] == by_rfd(gts, resized(fields, 0.7))[0, 0]


def test_a_prior_goes_to_the_larger_measure_and_nobody_chooses_again():
    priors = torch.tensor([[0.0, 0, 8, 8], [40, 40, 48, 48]])
    gts = torch.tensor([[1.0, 0, 9, 8], [0, 0, 8, 8], [0, 0, 8, 8]])
    assert assign_ranked(by_nwd, gts, priors, 1).gt_inds.tolist() == [2, 0]
    assert assign_ranked(by_nwd, gts.flip(0), priors, 1).gt_inds.tolist() == [1, 0]


def test_a_measure_of_zero_is_no_match():
    priors, gts = torch.rand(4, 4), torch.rand(2, 4)
    result = assign_ranked(lambda a, b: torch.zeros(len(a), len(b)), gts, priors, 3)
    assert (result.gt_inds == 0).all()


def test_measures_no_more_at_once_than_a_block():
    seen = []

    def measure(gts, priors):
        seen.append(len(gts) * len(priors))
        return by_nwd(gts, priors)

    assign_ranked(measure, torch.rand(300, 4) + torch.tensor([0, 0, 5, 5]), torch.rand(50, 4), 2)
    assert max(seen) == 15_000
    seen.clear()
    assign_ranked(measure, torch.rand(300, 4), torch.rand(50, 4), 2, block_pairs=1_000)
    assert max(seen) == 1_000 and sum(seen) == 15_000


def test_resized_keeps_the_center():
    boxes = torch.tensor([[0.0, 0, 10, 20], [5, 5, 9, 9]])
    assert resized(boxes, 0.5).tolist() == [[2.5, 5, 7.5, 15], [6, 6, 8, 8]]
