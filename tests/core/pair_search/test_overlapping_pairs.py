"""The overlapping pairs against the matrix of all pairs, bit by bit."""

import random

import pytest
import torch

from adla.core import clean_boxes, limits, overlapping_pairs, pairwise_iou
from adla.core.pair_search import CandidatePairs, near_any, prefilter, split_by_ends

from ...limits import limited
from ..random_boxes import ODD, BoxMaker


def assert_complete(boxes1, boxes2):
    """Every overlapping pair is there once, with the IoU of the dense form, and no other pair."""
    expected = pairwise_iou(clean_boxes(boxes1), clean_boxes(boxes2))
    pairs = overlapping_pairs(boxes1, boxes2)
    found = torch.zeros_like(expected)
    found[pairs.first, pairs.second] = pairs.iou.to(found)
    assert found.equal(expected)
    assert len(pairs.iou) == (expected > 0).sum()
    assert (pairs.first.diff() >= 0).all()


@pytest.mark.parametrize("seed", range(8))
def test_equals_the_matrix_on_random_boxes(seed):
    rng = random.Random(seed)
    for _ in range(60):
        changes = {"candidates": rng.choice([1, 40, 2**17]), "runs": rng.choice([1, 100, 2**20])}
        make = BoxMaker(rng)
        with limited(like=rng.choice([limits.CPU, limits.CUDA]), **changes):
            assert_complete(make.boxes(rng.randint(0, 40)), make.boxes(rng.randint(0, 80)))


def test_every_odd_box_against_every_other():
    odd = torch.tensor(ODD)
    assert_complete(odd, odd)
    assert_complete(odd.double(), odd.double())
    assert overlapping_pairs(odd.double(), odd).iou.dtype == torch.float64


def test_neighboring_floats_at_every_border_of_the_grid():
    # Boxes that overlap, touch or miss each other by one unit in the last place.
    edges = torch.linspace(0, 100, 33)
    up, down = (torch.nextafter(edges, torch.tensor(x)) for x in (1e9, -1e9))
    sides = torch.cat([edges, up, down])
    left = torch.stack([sides - 3, sides - 3, sides, sides], dim=1)
    right = torch.stack([sides, sides, sides + 3, sides + 3], dim=1)
    assert_complete(left, right)
    assert_complete(right, left)


def test_large_offsets_where_coordinates_are_coarse():
    make = BoxMaker(random.Random(3))
    for offset in (1e5, 2.0**24, -3e7):
        assert_complete(make.boxes(30) + offset, make.boxes(60) + offset)


def test_candidates_follow_the_pairs_and_not_the_product():
    # 2,000 objects in 40,000 anchors: 80 million pairs, each object overlaps a few.
    generator = torch.Generator().manual_seed(0)
    center = torch.rand(2000, 2, generator=generator) * 1600
    gts = torch.cat([center - 5, center + 5], dim=1)
    y, x = torch.meshgrid(torch.arange(200) * 8.0, torch.arange(200) * 8.0, indexing="ij")
    center = torch.stack([x, y], dim=-1).view(-1, 2)
    anchors = torch.cat([center - 8, center + 8], dim=1)
    blocks = list(CandidatePairs(gts, anchors).blocks())
    candidates = sum(len(block.places) for block in blocks)
    pairs = overlapping_pairs(gts, anchors)
    assert len(pairs.iou) <= candidates < 2 * len(pairs.iou) < 50_000
    assert [block.first for block in blocks[1:]] == [block.last for block in blocks[:-1]]


@pytest.mark.parametrize("few", [0, 16], ids=["grid", "compared"])
def test_the_sieve_keeps_all_that_overlap_and_drops_what_is_far(monkeypatch, few):
    monkeypatch.setattr(prefilter, "FEW_QUERIES", few)
    make = BoxMaker(random.Random(5))
    gts = clean_boxes(make.boxes(3, tiny=True))
    boxes = torch.rand(5000, 4, generator=make.generator) * 5000
    boxes[:, 2:] = boxes[:, :2] + 4
    near = near_any(gts, boxes)
    overlapping = (pairwise_iou(gts, boxes) > 0).any(dim=0).nonzero().squeeze(1)
    assert set(overlapping.tolist()) <= set(near.tolist())
    assert len(near) < 500


@pytest.mark.parametrize("few", [0, 16], ids=["grid", "compared"])
def test_a_partner_that_is_no_box_does_not_hide_a_box(monkeypatch, few):
    monkeypatch.setattr(prefilter, "FEW_QUERIES", few)
    gts = torch.tensor([[100.0, 100, 110, 110], [500, 500, 505, 505]])
    boxes = torch.tensor([[102.0, 102, 108, 108], [900, 900, 910, 910]])
    broken = torch.full((2, 4), torch.nan)
    assert 0 in near_any(gts, boxes, broken)
    assert 0 in near_any(gts, broken, boxes)
    assert 0 in near_any(gts, boxes, boxes.flip(0))


def test_split_by_ends():
    ends = torch.tensor([0, 3, 6, 15, 15, 15, 17, 19, 20, 21])
    assert list(split_by_ends(ends, 5)) == [(0, 1), (1, 2), (2, 3), (3, 8), (8, 9)]
    assert list(split_by_ends(ends[3:6], 5)) == [(0, 2)]
    assert list(split_by_ends(ends[:1], 5)) == []
