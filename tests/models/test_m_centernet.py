"""The reading of M-CenterNet: its points and means against loops, and CenterNet without them."""

import math

import pytest
import torch
from mmdet.models.dense_heads import CenterNetHead
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from adla.models import MCenterNetHead
from adla.models.dense_heads.m_centernet_head import agreed_boxes, center_points

META = dict(batch_input_shape=(32, 48), border=[0, 0, 0, 0], scale_factor=(1.0, 1.0))


def build(name="MCenterNetHead", **kwargs):
    cfg = dict(type=name, in_channels=4, feat_channels=4, num_classes=2)
    test_cfg = dict(topk=10, local_maximum_kernel=3, max_per_img=10)
    torch.manual_seed(0)
    return MODELS.build(ConfigDict({**cfg, "test_cfg": test_cfg, **kwargs}))


def ground_truths():
    boxes = torch.tensor([[3.0, 4, 9, 12], [10, 5, 17, 13], [40, 26, 47, 31.5]])
    return [
        InstanceData(bboxes=boxes, labels=torch.tensor([0, 1, 1])),
        InstanceData(bboxes=boxes[:0], labels=torch.zeros(0, dtype=torch.long)),
    ]


def slow_points(centers, grid, reach):
    """Cell -> object, looking at every object for every cell."""
    found = {}
    for row in range(grid[0]):
        for column in range(grid[1]):
            best = None
            for k, (x, y) in enumerate(centers):
                dx, dy = column - math.floor(x), row - math.floor(y)
                if max(abs(dx), abs(dy)) > reach:
                    continue
                distance = math.hypot(column + 0.5 - x, row + 0.5 - y)
                key = -1 if dx == dy == 0 else distance
                if best is None or key < best[0]:
                    best = key, k
            if best is not None:
                found[column, row] = best[1]
    return found


@pytest.mark.parametrize("reach", [0, 1, 2])
def test_points_are_those_of_a_loop(reach):
    generator = torch.Generator().manual_seed(reach)
    centers = torch.rand(25, 2, generator=generator, dtype=torch.float64)
    centers = centers * torch.tensor([12, 9])
    gt, cell = center_points(centers, (9, 12), reach)
    found = {tuple(c): k for c, k in zip(cell.tolist(), gt.tolist(), strict=True)}
    assert len(found) == len(gt) and found == slow_points(centers.tolist(), (9, 12), reach)


def test_targets_lead_from_every_point_to_the_center_and_an_object_counts_once():
    head = build()
    boxes, labels = ([getattr(gt, k) for gt in ground_truths()] for k in ("bboxes", "labels"))
    targets, count = head.get_targets(boxes, labels, (2, 2, 8, 12), (32, 48))
    plain, same = build("CenterNetHead").get_targets(boxes, labels, (2, 2, 8, 12), (32, 48))
    assert count == same == 3
    assert torch.equal(targets["center_heatmap_target"], plain["center_heatmap_target"])
    weight = targets["wh_offset_target_weight"]
    assert not weight[1].any() and weight[0, 0].sum().item() == pytest.approx(3)
    centers = torch.tensor([[1.5, 2], [3.375, 2.25], [10.875, 7.1875]])
    gt, cell = center_points(centers, (8, 12), 1)
    assert gt.bincount().tolist() == [7, 8, 6]  # two share a column, one lies at the border
    for k, (column, row) in zip(gt.tolist(), cell.tolist(), strict=True):
        assert weight[0, :, row, column].tolist() == pytest.approx(
            [1 / gt.bincount()[k].item()] * 2
        )
        offset = targets["offset_target"][0, :, row, column].tolist()
        assert (column + offset[0], row + offset[1]) == tuple(centers[k].tolist())
        wanted = (boxes[0][k, 2:] - boxes[0][k, :2]) / 4
        assert torch.equal(targets["wh_target"][0, :, row, column], wanted)


def test_without_reach_it_is_centernet():
    ours, theirs = build(reach=0), build("CenterNetHead")
    theirs.load_state_dict(ours.state_dict())
    feats = [torch.randn(2, 4, 8, 12, generator=torch.Generator().manual_seed(0))]
    assert isinstance(ours, CenterNetHead)
    pairs = [
        head.loss_by_feat(*head(feats), ground_truths(), [META] * 2) for head in (ours, theirs)
    ]
    assert pairs[0] == pairs[1]
    results = [head.predict_by_feat(*head(feats), [META] * 2) for head in (ours, theirs)]
    for mine, other in zip(*results, strict=True):
        torch.testing.assert_close(mine.bboxes, other.bboxes)
        assert torch.equal(mine.scores, other.scores) and torch.equal(mine.labels, other.labels)


def test_means_are_those_of_a_loop():
    generator = torch.Generator().manual_seed(3)
    heat = torch.rand(2, 1, 5, 6, generator=generator, dtype=torch.float64)
    wh = torch.rand(2, 2, 5, 6, generator=generator, dtype=torch.float64)
    offset = 2 * torch.rand(2, 2, 5, 6, generator=generator, dtype=torch.float64) - 0.5
    heat[0, 0, 2:, 3:] = 0
    sides, ways = agreed_boxes(heat, wh, offset, 1)
    agreeing = 0
    for image, row, column in torch.cartesian_prod(*map(torch.arange, (2, 5, 6))).tolist():
        own = (torch.tensor([column, row]) + offset[image, :, row, column]).tolist()
        total, sums = 0.0, [0.0] * 4
        for i in range(max(row - 1, 0), min(row + 2, 5)):
            for j in range(max(column - 1, 0), min(column + 2, 6)):
                place = (torch.tensor([j, i]) + offset[image, :, i, j]).tolist()
                if math.dist(place, own) < 1:
                    weight = heat[image, 0, i, j].item()
                    total += weight
                    values = [*place, *wh[image, :, i, j].tolist()]
                    sums = [a + weight * b for a, b in zip(sums, values, strict=True)]
                    agreeing += 1
        if total == 0:
            total, sums = 1.0, [*own, *wh[image, :, row, column].tolist()]
        wanted = [a / total for a in sums]
        found = [
            ways[image, 0, row, column].item() + column,
            ways[image, 1, row, column].item() + row,
            *sides[image, :, row, column].tolist(),
        ]
        assert found == pytest.approx(wanted)
    assert agreeing > 120


def test_several_points_that_agree_correct_a_peak():
    head = build()
    heat = torch.full((1, 2, 8, 12), 0.01)
    heat[0, 1, 3, 4], heat[0, 1, 3, 5] = 0.9, 0.45
    wh, offset = torch.ones(1, 2, 8, 12), torch.full((1, 2, 8, 12), 0.5)
    wh[0, :, 3, 4] = 3
    offset[0, 0, 3, 4], offset[0, 0, 3, 5] = 0.9, -0.4  # both say: near 4.9 and 4.6
    (result,) = head.predict_by_feat([heat], [wh], [offset], [META], rescale=False)
    x1, _, x2, _ = result.bboxes[0].tolist()
    assert (x1 + x2) / 2 / 4 == pytest.approx(4.8, abs=0.02)
    assert (x2 - x1) / 4 == pytest.approx((0.9 * 3 + 0.45) / 1.35, abs=0.05)


def test_a_negative_reach_is_refused():
    with pytest.raises(ValueError, match="MCenterNetHead: reach must be at least 0, but got -1"):
        MCenterNetHead(4, 4, 2, reach=-1)
