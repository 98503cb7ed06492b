"""The overlap calculators in mmdet's interface and in mmdet's own assigners."""

import math

import pytest
import torch
from mmdet.models.losses import CIoULoss, DIoULoss
from mmdet.models.task_modules.assigners import BboxOverlaps2D
from mmdet.registry import TASK_UTILS
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.structures import InstanceData

from adla.core import ciou, diou

ARGUMENTS = {
    "CIoUOverlaps2D": {},
    "DIoUOverlaps2D": {},
    "DotDOverlaps2D": dict(scale=7.0),
    "NWDOverlaps2D": dict(constant=7.0),
    "RFDOverlaps2D": dict(kind="kld"),
    "SimDOverlaps2D": dict(m=2.5, n=2.0),
}
KINDS = tuple(ARGUMENTS)
PRIORS = torch.tensor([[0, 0, 10, 10], [10, 10, 20, 20], [5, 5, 15, 15], [32, 32, 38, 42.0]])
GTS = torch.tensor([[0, 0, 10, 9], [0, 10, 10, 19.0]])


def config(kind):
    return dict(type=kind, **ARGUMENTS[kind])


@pytest.fixture(params=KINDS)
def calculator(request):
    return TASK_UTILS.build(config(request.param))


def random_boxes(seed, count=900, side=20):
    generator = torch.Generator().manual_seed(seed)
    xy = torch.rand(count, 2, generator=generator) * 8
    return torch.cat([xy, xy + 1 + torch.rand(count, 2, generator=generator) * side], 1)


class TestAgainstMmdetsLosses:
    """Both add 1e-7 to what they divide by."""

    def test_diou(self):
        a, b = random_boxes(0), random_boxes(1)
        expected = 1 - DIoULoss(reduction="none")(a, b)
        assert torch.allclose(diou(a, b), expected, atol=1e-5)

    def test_ciou_where_mmdet_weighs_the_shape(self):
        a, b = random_boxes(0), random_boxes(1)
        expected = 1 - CIoULoss(reduction="none")(a, b)
        half = BboxOverlaps2D()(a, b, is_aligned=True) > 0.5
        assert half.sum() > 20
        assert torch.allclose(ciou(a, b)[half], expected[half], atol=1e-5)
        # Below, mmdet leaves the shape out, and Eq. 3 does not.
        assert (ciou(a, b)[~half] <= expected[~half] + 1e-5).all()

    def test_the_gradient_too(self):
        a, b = random_boxes(0), random_boxes(1)
        half = BboxOverlaps2D()(a, b, is_aligned=True) > 0.5
        a, b = a[half].requires_grad_(), b[half]
        (got,) = torch.autograd.grad((1 - ciou(a, b)).sum(), a)
        (expected,) = torch.autograd.grad(CIoULoss(reduction="sum")(a, b), a)
        assert torch.allclose(got, expected, atol=1e-4)


class TestInterface:
    def test_pairs_and_rows(self, calculator):
        a, b = random_boxes(2, 6), random_boxes(3, 6)
        pairs = calculator(a, b)
        assert pairs.shape == (6, 6) and ((pairs >= 0) & (pairs <= 1)).all()
        assert torch.equal(calculator(a, b, is_aligned=True), pairs.diagonal())
        assert calculator(a, b[:4], mode="iou").shape == (6, 4)
        assert calculator(a.expand(2, 6, 4), b.expand(2, 6, 4)).shape == (2, 6, 6)

    def test_a_box_with_itself(self, calculator):
        assert torch.equal(calculator(PRIORS, PRIORS, is_aligned=True), torch.ones(4))

    def test_scores_and_box_types(self, calculator):
        expected = calculator(GTS, PRIORS)
        scored = torch.cat([PRIORS, torch.ones(4, 1)], 1)
        assert torch.equal(calculator(GTS, scored), expected)
        assert torch.equal(calculator(HorizontalBoxes(GTS), HorizontalBoxes(PRIORS)), expected)

    def test_none(self, calculator):
        for none in (torch.zeros(0, 4), torch.zeros(0), torch.zeros(0, 5)):
            assert calculator(none, PRIORS).shape == (0, 4)
            assert calculator(PRIORS, none).shape == (4, 0)
        assert calculator(PRIORS[:0], PRIORS[:0], is_aligned=True).shape == (0,)

    def test_iof_is_the_plain_one(self, calculator):
        expected = BboxOverlaps2D()(PRIORS, GTS, "iof")
        assert torch.equal(calculator(PRIORS, GTS, mode="iof"), expected)
        # Of a box of 4 x 4 px three quarters lie in the region: 12 of 16 px, whatever the measure.
        box, region = torch.tensor([[0.0, 0, 4, 4]]), torch.tensor([[1.0, 0, 90, 90]])
        assert calculator(box, region, mode="iof").item() == 0.75 > calculator(box, region).item()
        assert torch.equal(calculator(PRIORS.half(), GTS.half(), mode="iof"), expected)

    def test_what_is_no_box_overlaps_nothing(self, calculator):
        broken = torch.tensor(
            [[math.nan] * 4, [0, 0, math.inf, 9], [3, 3, 3, 9], [9, 9, 3, 3], [-3e38, 0, 3e38, 9]]
        )
        overlaps = calculator(torch.cat([broken, GTS]), GTS)
        assert (overlaps[:5] == 0).all()
        assert torch.equal(overlaps[5:], calculator(GTS, GTS))

    def test_half_precision_counts_in_single(self, calculator):
        huge = GTS * 50  # areas beyond float16
        assert calculator(huge.half(), huge.half()).dtype == torch.float32
        assert torch.equal(calculator(huge.half(), huge.half()), calculator(huge, huge))

    def test_far_from_the_origin(self, calculator):
        assert torch.allclose(calculator(GTS + 2.0**20, PRIORS + 2.0**20), calculator(GTS, PRIORS))

    def test_refused(self, calculator):
        with pytest.raises(ValueError, match="mode must be 'iou' or 'iof', but got 'giou'"):
            calculator(GTS, PRIORS, mode="giou")
        with pytest.raises(ValueError, match=r"same shape, but got \(2, 4\) and \(4, 4\)"):
            calculator(GTS, PRIORS, is_aligned=True)
        with pytest.raises(ValueError, match=r"4 or 5 columns, but have shape \(2, 3\)"):
            calculator(GTS[:, :3], PRIORS)

    @pytest.mark.parametrize("value", [0, -1, math.nan])
    def test_a_constant_that_is_none(self, value):
        for kind, name in (("DotD", "scale"), ("NWD", "constant"), ("SimD", "m"), ("SimD", "n")):
            arguments = ARGUMENTS[f"{kind}Overlaps2D"] | {name: value}
            with pytest.raises(ValueError, match=f"{name}, .* above 0, but got {value}"):
                TASK_UTILS.build(dict(type=f"{kind}Overlaps2D", **arguments))

    def test_a_kind_that_is_none(self):
        with pytest.raises(ValueError, match="'kld' or 'wd', but got 'kl'"):
            TASK_UTILS.build(dict(type="RFDOverlaps2D", kind="kl"))

    def test_repr(self):
        names = [repr(TASK_UTILS.build(config(kind))) for kind in KINDS]
        assert names == [
            "CIoUOverlaps2D()",
            "DIoUOverlaps2D()",
            "DotDOverlaps2D(scale=7.0)",
            "NWDOverlaps2D(constant=7.0)",
            "RFDOverlaps2D(kind='kld')",
            "SimDOverlaps2D(m=2.5, n=2.0)",
        ]


@pytest.mark.parametrize("kind", KINDS)
class TestInStockAssigners:
    def instances(self):
        return InstanceData(bboxes=GTS, labels=torch.tensor([2, 3]))

    def test_max_iou_with_ignore_regions(self, kind):
        assigner = TASK_UTILS.build(
            dict(
                type="MaxIoUAssigner",
                pos_iou_thr=0.6,
                neg_iou_thr=0.3,
                ignore_iof_thr=0.5,
                iou_calculator=config(kind),
            )
        )
        priors = torch.cat([PRIORS, torch.tensor([[500, 500, 506, 506.0]])])
        ignore = InstanceData(bboxes=torch.tensor([[30, 30, 40, 40.0]]))
        result = assigner.assign(InstanceData(priors=priors), self.instances(), ignore)
        # The far prior, whose CIoU is negative, is background, and 48/60 of prior 3 are ignored.
        assert result.gt_inds[[0, 3, 4]].tolist() == [1, -1, 0]
        assert result.labels[0] == 2

    def test_atss(self, kind):
        assigner = TASK_UTILS.build(dict(type="ATSSAssigner", topk=4, iou_calculator=config(kind)))
        result = assigner.assign(InstanceData(priors=PRIORS), [4], self.instances())
        assert result.gt_inds[0] == 1

    def test_task_aligned(self, kind):
        assigner = TASK_UTILS.build(
            dict(type="TaskAlignedAssigner", topk=2, iou_calculator=config(kind))
        )
        pred = InstanceData(priors=PRIORS, bboxes=PRIORS, scores=torch.full((4, 4), 0.5))
        assert assigner.assign(pred, self.instances()).gt_inds.tolist() == [1, 0, 0, 0]
