"""The exactness campaign: random cases without end, the fast forms against the plain ones.

    python -m tests.core.campaign --cases 100000

For every case the sparse, the dense and the automatic engine of ADLA must agree bit by bit, and
``SparseMaxIoUAssigner`` with mmdet's ``MaxIoUAssigner`` in every field. Every tenth case is also
assigned by the float64 reference, which shares no code with the package.
"""

import argparse
import math
import random
import time
from collections import Counter
from collections.abc import Iterable

import pytest
import torch
from rich.progress import track

from adla.core import assign_adaptive, limits
from adla.core.pair_search import forced_rounds, prefilter

from ..limits import limited
from .random_boxes import random_assignment
from .reference import Reference


def random_limits(rng: random.Random) -> dict:
    """Return limits of a CPU or of a GPU, or some that cut the work into small blocks."""
    like = rng.choice([limits.CPU, limits.CUDA])
    if rng.random() < 0.2:
        return {"like": like}
    return {
        "like": like,
        "candidates": rng.choice([20, 500, 2**17]),
        "runs": rng.choice([30, 1000, 2**20]),
        "dense_elements": rng.choice([500, 2**23]),
        "dense_pairs": rng.choice([0, 100, 1000]),
        "sieved_pairs": rng.choice([0, 100, 1000]),
        "stock_pairs": 0,
        "forced_choices": rng.choice([1, 2, 16, 1024]),
    }


def compare_engines(seeds: Iterable[int]) -> Counter:
    """Compare the engines on random cases and return how often each outcome was seen.

    Raises:
        AssertionError: With the seed, if two engines disagree.
    """
    seen = Counter()
    with pytest.MonkeyPatch.context() as patch:
        for seed in seeds:
            rng = random.Random(seed)
            case = random_assignment(rng)
            patch.setattr(prefilter, "FEW_QUERIES", rng.choice([0, 16]))
            patch.setattr(forced_rounds, "CHOICES", rng.choice([1, 2, 16]))
            with limited(**random_limits(rng)):
                expected = assign_adaptive(**case, engine="dense")
                results = {e: assign_adaptive(**case, engine=e) for e in ("sparse", "auto")}
            for engine, result in results.items():
                same = result.gt_inds.equal(expected.gt_inds)
                same &= result.max_overlaps.equal(expected.max_overlaps)
                assert same, f"seed {seed}: {engine} and dense disagree, {case['rule']}"
            inds = expected.gt_inds
            seen.update(positive=bool((inds > 0).any()), ignored=bool((inds < 0).any()))
            seen.update(
                negative=bool((inds == 0).any()), several=inds.clamp(min=0).unique().numel() > 2
            )
            seen.update(blocked=bool((expected.max_overlaps < 0).any()))
    return seen


def compare_with_reference(seeds: Iterable[int]) -> int:
    """Compare the sparse engine in float64 with the reference; return how many cases count.

    A case does not count if a metric is within rounding of a threshold, or a number so large that
    its area is not finite in one precision only.
    """
    counted = 0
    for seed in seeds:
        case = random_assignment(random.Random(seed))
        rule = case["rule"]
        boxes = {name: case[name] for name in ("priors", "gt_boxes", "pred_boxes", "ignore_boxes")}
        boxes = {name: None if x is None else x.double() for name, x in boxes.items()}
        rows = {
            name: [] if x is None else [tuple(b) for b in x.tolist()] for name, x in boxes.items()
        }
        names = Reference.__dataclass_fields__.keys() - {"margins", "ignore_iof_thr", "overlap"}
        reference = Reference(
            **{name: getattr(rule, name) for name in names}, ignore_iof_thr=case["ignore_iof_thr"]
        )
        inds, overlaps = reference.assign(
            rows["priors"],
            rows["gt_boxes"],
            None if boxes["pred_boxes"] is None else rows["pred_boxes"],
            rows["ignore_boxes"],
        )
        if any(0 < margin < 1e-12 for margin in reference.margins):
            continue
        result = assign_adaptive(
            **boxes, rule=rule, ignore_iof_thr=case["ignore_iof_thr"], engine="sparse"
        )
        assert result.gt_inds.tolist() == inds, f"seed {seed}: the reference disagrees, {rule}"
        expected = torch.tensor(overlaps, dtype=torch.float64)
        assert torch.allclose(result.max_overlaps, expected, rtol=0, atol=1e-9), f"seed {seed}"
        counted += 1
    return counted


def main() -> None:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--minutes", type=float, help="stop after so long, whatever is left")
    args = parser.parse_args()
    torch.set_num_threads(1)
    end = math.inf if args.minutes is None else time.monotonic() + 60 * args.minutes
    from ..models.max_iou_cases import compare_max_iou

    seen, referred, cases = Counter(), 0, 0
    for seed in track(range(args.first, args.first + args.cases), "cases"):
        seen += compare_engines([seed])
        seen.update(max_iou=compare_max_iou([seed]))
        if seed % 10 == 0:
            referred += compare_with_reference([seed])
        cases += 1
        if time.monotonic() > end:
            break
    print(f"{cases:,} cases agree; {referred:,} of them also with the reference")
    print("seen:", dict(seen))


if __name__ == "__main__":
    main()
