"""Rankings that leave out what cannot win, against those that measure all pairs, bit by bit."""

import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmdet.models.task_modules.prior_generators import AnchorGenerator
from mmdet.registry import TASK_UTILS
from mmengine.structures import InstanceData

from adla.core import assign_hierarchical, assign_ranked
from adla.core.ranked import BoxGroups
from adla.core.ranked.bounded_ranking import _Search
from tests.core.random_boxes import BoxMaker
from tests.limits import limited

CALCULATORS = {
    "dotd": dict(type="DotDOverlaps2D", scale=12.8),
    "nwd": dict(type="NWDOverlaps2D", constant=12.8),
    "rfd-kld": dict(type="RFDOverlaps2D"),
    "rfd-wd": dict(type="RFDOverlaps2D", kind="wd"),
    "simd": dict(type="SimDOverlaps2D", m=3.0, n=2.0),
}


def anchors(size=128, ratios=(0.5, 1.0, 2.0)):
    generator = AnchorGenerator([8, 16, 32], list(ratios), octave_base_scale=2, scales_per_octave=2)
    maps = [(size // stride, size // stride) for stride in (8, 16, 32)]
    return torch.cat(generator.grid_priors(maps, device="cpu"))


def compare(assign, **bounds):
    """Assign both ways and compare every tensor of the results."""
    with limited(bounded_pairs=2**62):
        expected = assign()
    with limited(bounded_pairs=0, **bounds):
        found = assign()
    fields = getattr(expected, "_fields", ("gt_inds", "max_overlaps", "labels"))
    for name in fields:
        assert getattr(found, name).equal(getattr(expected, name)), name
        assert getattr(found, name).dtype == getattr(expected, name).dtype
    return expected


@pytest.mark.parametrize("name", CALCULATORS)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), k=st.sampled_from([1, 2, 3, 9, 600]))
def test_random_boxes(name, seed, k):
    rng = random.Random(seed)
    measure, make = TASK_UTILS.build(CALCULATORS[name]), BoxMaker(rng)
    gts = make.boxes(rng.choice([0, 1, 4, 40]), tiny=True)
    priors = make.boxes(rng.choice([0, 1, 8, 9, 700, 1500]))
    if rng.random() < 0.3:
        priors = torch.cat([priors, priors.flip(0)])  # twins
    if rng.random() < 0.2:
        priors = priors.double()
    bounds = {"bounds": rng.choice([64, 2**12, 2**20])}
    compare(lambda: assign_ranked(measure, gts, priors, k), **bounds)
    ratio = rng.choice([0.9, 0.3, 1.0])
    compare(lambda: assign_hierarchical(measure, gts, priors, (k, 1), ratio), **bounds)


@pytest.mark.parametrize("name", CALCULATORS)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([1e-3, 1.0, 30.0, 1e4]))
def test_objects_on_a_grid_of_anchors(name, seed, scale):
    # Objects on the grid itself tie with many anchors; scaled up, the measures underflow.
    generator, rng = torch.Generator().manual_seed(seed), random.Random(seed)
    corners = torch.randint(-4, 36, (rng.choice([1, 5, 60]), 2), generator=generator) * 4.0
    sides = torch.randint(1, 8, corners.shape, generator=generator) * 4.0
    gts, priors = torch.cat([corners, corners + sides], 1) * scale, anchors() * scale
    measure = TASK_UTILS.build(CALCULATORS[name])
    k = rng.choice([1, 3, 70])
    compare(lambda: assign_ranked(measure, gts, priors, k))


@pytest.mark.parametrize("assigner", ["nwd-rka", "rfla"])
@pytest.mark.parametrize("objects", [10, 30, 400])
def test_assigners_with_ignore_regions(assigner, objects):
    cfg = {
        "nwd-rka": dict(type="RankingAssigner", topk=3, iou_calculator=CALCULATORS["nwd"]),
        "rfla": dict(type="HierarchicalAssigner", ratio=0.9),
    }[assigner]
    assigner = TASK_UTILS.build(dict(cfg, ignore_iof_thr=0.5))
    make = BoxMaker(random.Random(objects))
    make.extent = 128
    gts = InstanceData(bboxes=make.boxes(objects, tiny=True), labels=torch.arange(objects))
    ignored = InstanceData(bboxes=torch.tensor([[0.0, 0, 50, 60], [100, 90, 128, 128]]))
    priors = InstanceData(priors=anchors())
    result = compare(lambda: assigner.assign(priors, gts, ignored))
    assert (result.gt_inds == -1).any() and (result.gt_inds > 0).any()


def test_few_pairs_are_measured():
    generator = torch.Generator().manual_seed(0)
    priors = anchors(800)
    corners = torch.rand(500, 2, generator=generator) * 780
    gts = torch.cat([corners, corners + 12], 1)
    for cfg in CALCULATORS.values():
        measure = TASK_UTILS.build(cfg)
        search = _Search(measure, gts, BoxGroups.of(priors), 3, with_best=True)
        measured = sum(8 * len(gt) for gt, _, _ in search.pairs())
        assert measured < len(gts) * len(priors) / 15, cfg


def test_no_k_below_one():
    with pytest.raises(ValueError, match="k must be at least 1"):
        measure = TASK_UTILS.build(CALCULATORS["nwd"])
        with limited(bounded_pairs=0):
            assign_ranked(measure, anchors(), anchors(), 0)
