"""The ranking against a plain sort, and its memory."""

import pytest
import torch

from adla.core.ranked import rank_boxes

ROW = torch.tensor([[0.0, 0, 1, 1]])


def ranked(row, k, dtype=torch.float32, **kwargs):
    """Rank boxes by a given row of values, the same for three ground truths."""
    values = torch.tensor(row, dtype=dtype)
    return rank_boxes(
        lambda gts, boxes: values.expand(len(gts), -1).clone(),
        ROW.repeat(3, 1),
        ROW.repeat(len(row), 1),
        k,
        **kwargs,
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_the_largest_first_and_the_lowest_index_on_a_tie(dtype):
    inf, nan = float("inf"), float("nan")
    row = [0.5, -1.0, 0.5, nan, 2.0, 0.0, -0.0, inf, -inf, 2.0, -1.0]
    result = ranked(row, 9, dtype)
    assert result.indices.tolist() == [[7, 4, 9, 0, 2, 5, 6, 1, 10]] * 3
    assert result.values[0].tolist() == [inf, 2, 2, 0.5, 0.5, 0, 0, -1, -1]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_agrees_with_a_stable_sort_on_random_values(dtype):
    generator = torch.Generator().manual_seed(0)
    for levels in (2, 5, 1000):
        row = torch.randint(-levels, levels, (300,), generator=generator) / levels
        expected = sorted(range(300), key=lambda n, row=row: (-row[n].item(), n))[:40]
        assert ranked(row.tolist(), 40, dtype, block_pairs=1).indices[2].tolist() == expected


def test_blocks_of_rows_cover_all_and_stay_within_the_budget():
    gts = torch.rand(37, 4)
    boxes = torch.rand(50, 4)
    seen = []

    def measure(some, all_boxes):
        seen.append(len(some) * len(all_boxes))
        return -torch.cdist(some, all_boxes)

    result = rank_boxes(measure, gts, boxes, 3, block_pairs=200)
    assert result.indices.equal((-torch.cdist(gts, boxes)).topk(3, dim=1).indices)
    assert max(seen) <= 200 and sum(seen) == 37 * 50


def test_fewer_boxes_than_asked_for_and_none_at_all():
    assert ranked([1.0, 3.0], 5).indices.tolist() == [[1, 0]] * 3
    nothing = rank_boxes(torch.cdist, torch.rand(3, 4), torch.rand(0, 4), 5)
    assert nothing.indices.shape == (3, 0)
    assert rank_boxes(torch.cdist, torch.rand(0, 4), torch.rand(9, 4), 5).values.shape == (0, 5)
    with pytest.raises(ValueError, match="k must be at least 1, but got 0"):
        ranked([1.0], 0)
