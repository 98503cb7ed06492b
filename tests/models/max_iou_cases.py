"""Random cases for ``SparseMaxIoUAssigner`` against the stock class."""

import random
from collections.abc import Iterable

import pytest
import torch
from mmdet.models.task_modules.assigners import MaxIoUAssigner
from mmengine.structures import InstanceData

from adla.core.pair_search import prefilter
from adla.models import SparseMaxIoUAssigner

from ..core.campaign import random_limits
from ..core.random_boxes import random_assignment
from ..limits import limited


def random_arguments(rng: random.Random) -> dict:
    return {
        "pos_iou_thr": rng.choice([0.5, 0.7, 0.3, 0.05, 1e-9, 0.0]),
        "neg_iou_thr": rng.choice([0.4, 0.3, 0.5, 0.0, (0.0, 0.3), (0.1, 0.4)]),
        "min_pos_iou": rng.choice([0.0, 0.0, 0.3, 0.1, 0.5, -1]),
        "gt_max_assign_all": rng.random() < 0.6,
        "ignore_iof_thr": rng.choice([-1, 0.3, 0.5, 0.01]),
        "ignore_wrt_candidates": rng.random() < 0.6,
        "match_low_quality": rng.random() < 0.8,
    }


def assert_same(stock, sparse, message=""):
    """Every field has the same type and the same values; a NaN equals a NaN."""
    assert stock.num_gts == sparse.num_gts, message
    for name in ("gt_inds", "max_overlaps", "labels"):
        expected, found = getattr(stock, name), getattr(sparse, name)
        assert expected.dtype == found.dtype, f"{message}: {name}"
        assert expected.nan_to_num(7).equal(found.nan_to_num(7)), f"{message}: {name}"


def compare_max_iou(seeds: Iterable[int]) -> int:
    """Compare both classes on random cases; return how many the sparse class computed itself."""
    ours = 0
    with pytest.MonkeyPatch.context() as patch:
        for seed in seeds:
            rng = random.Random(seed)
            case = random_assignment(rng)
            patch.setattr(prefilter, "FEW_QUERIES", rng.choice([0, 16]))
            boxes = [case[name] for name in ("priors", "gt_boxes", "ignore_boxes")]
            if rng.random() < 0.9:  # not finite numbers go to the stock class
                boxes = [
                    None if x is None else x.nan_to_num(3, 9, 1).clamp(-1e6, 1e6) for x in boxes
                ]
            labels = torch.arange(len(boxes[1])) % 5
            instances = (
                InstanceData(priors=boxes[0]),
                InstanceData(bboxes=boxes[1], labels=labels),
                None if boxes[2] is None else InstanceData(bboxes=boxes[2]),
            )
            arguments = random_arguments(rng)
            sparse = SparseMaxIoUAssigner(**arguments)
            with limited(**random_limits(rng) | {"stock_pairs": 0}):
                found = sparse.assign(*instances)
                ours += sparse._is_for_us(*boxes)
            expected = MaxIoUAssigner(**arguments).assign(*instances)
            assert_same(expected, found, f"seed {seed}, {arguments}")
    return ours
