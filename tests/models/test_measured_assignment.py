"""Thresholds on any measure: against a slow reference, the engines against each other, by hand."""

import math
import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmdet.registry import TASK_UTILS
from mmengine.structures import InstanceData

from adla.core import AssignmentRule, assign_adaptive
from adla.core.adaptive import assignment
from adla.core.pair_search import forced_rounds
from adla.models.task_modules.overlaps.iou_shift import IoUShiftOverlaps2D
from tests.core import measured_reference, overlap_reference
from tests.core.adaptive.test_assignment import as_boxes, random_case
from tests.core.campaign import random_limits
from tests.core.random_boxes import random_assignment
from tests.core.reference import Reference
from tests.limits import limited

#: Calculators and their references.
FALLING = {
    "dotd": (dict(type="DotDOverlaps2D", scale=9.0), measured_reference.dotd(9.0)),
    "nwd": (dict(type="NWDOverlaps2D", constant=12.8), measured_reference.nwd(12.8)),
    "rfd-kld": (dict(type="RFDOverlaps2D"), measured_reference.rfd("kld")),
    "rfd-wd": (dict(type="RFDOverlaps2D", kind="wd"), measured_reference.rfd("wd")),
    "simd": (dict(type="SimDOverlaps2D", m=6.0, n=4.0), measured_reference.simd(6.0, 4.0)),
}
OTHERS = {
    "ciou": (dict(type="CIoUOverlaps2D"), overlap_reference.ciou),
    "diou": (dict(type="DIoUOverlaps2D"), overlap_reference.diou),
}
ALL = FALLING | OTHERS
PRIORS = torch.tensor([[0, 0, 10, 10], [10, 10, 20, 20], [5, 5, 15, 15], [32, 32, 38, 42.0]])
GTS = torch.tensor([[0, 0, 10, 9], [0, 10, 10, 19.0]])


def measure_of(name, calibrated=False):
    calculator = TASK_UTILS.build(ALL[name][0])
    return IoUShiftOverlaps2D(calculator) if calibrated else calculator


def assigner_of(name, **options):
    return TASK_UTILS.build(
        dict(type="AdaptiveDynamicAssigner", iou_calculator=ALL[name][0], **options)
    )


def ground_truths(boxes=GTS):
    return InstanceData(bboxes=boxes, labels=torch.arange(2, 2 + len(boxes)))


class TestReference:
    @pytest.mark.parametrize("calibrated", [False, True])
    @pytest.mark.parametrize("name", ALL)
    def test_random_cases(self, name, calibrated, monkeypatch):
        if calibrated and name in OTHERS:
            return
        rng, counted = random.Random(f"{name} {calibrated}"), 0
        reference = ALL[name][1]
        reference = measured_reference.calibrated(reference) if calibrated else reference
        measure = measure_of(name, calibrated)
        positive = ignored = negative = 0
        while counted < (25 if calibrated else 50):
            priors, gts, preds, regions, params, iof_thr = random_case(rng)
            slow = Reference(
                **params,
                ignore_iof_thr=iof_thr,
                overlap=measured_reference.of_boxes(reference),
            )
            inds, overlaps = slow.assign(priors, gts, preds, regions)
            if any(0 < margin < 1e-6 for margin in slow.margins):
                continue
            monkeypatch.setattr(forced_rounds, "CHOICES", rng.choice([1, 2, 16]))
            engines = ["dense", "auto"] + ["sparse"] * (name in FALLING)
            with limited(**random_limits(rng), measured_pairs=rng.choice([0, 2**20])):
                result = assign_adaptive(
                    as_boxes(priors),
                    as_boxes(gts),
                    AssignmentRule(**params),
                    None if preds is None else as_boxes(preds),
                    as_boxes(regions),
                    iof_thr,
                    engine=rng.choice(engines),
                    measure=measure,
                )
            assert result.gt_inds.tolist() == inds, params
            assert result.max_overlaps.tolist() == pytest.approx(overlaps, abs=1e-6)
            counted += 1
            positive += sum(i > 0 for i in inds)
            ignored += sum(i < 0 for i in inds)
            negative += inds.count(0)
        assert min(positive, ignored, negative) > 10


class TestEngines:
    @pytest.mark.parametrize("calibrated", [False, True])
    @pytest.mark.parametrize("name", FALLING)
    @settings(max_examples=40, deadline=None)
    @given(seed=st.integers(0, 2**32 - 1), double=st.booleans())
    def test_agree_bit_by_bit(self, name, calibrated, seed, double):
        rng = random.Random(seed)
        case, measure = random_assignment(rng), measure_of(name, calibrated)
        if double:
            case["priors"] = case["priors"].double()
        with limited(ranked_pairs=rng.choice([300, 2**20])):
            expected = assign_adaptive(**case, engine="dense", measure=measure)
        bounds = rng.choice([64, 2**12, 2**20])
        with limited(**random_limits(rng), measured_pairs=rng.choice([0, 300]), bounds=bounds):
            for engine in ("sparse", "auto"):
                result = assign_adaptive(**case, engine=engine, measure=measure)
                assert result.gt_inds.equal(expected.gt_inds), engine
                assert result.max_overlaps.equal(expected.max_overlaps), engine

    @pytest.mark.parametrize("calibrated", [False, True])
    @pytest.mark.parametrize("name", FALLING)
    @settings(max_examples=30, deadline=None)
    @given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([1e-3, 1.0, 30.0, 1e4]))
    def test_agree_on_a_grid_with_many_ties(self, name, calibrated, seed, scale):
        generator, rng = torch.Generator().manual_seed(seed), random.Random(seed)
        corners = torch.arange(0, 96, 4.0)
        corners = torch.cartesian_prod(corners, corners)
        priors = torch.cat([torch.cat([corners, corners + side], 1) for side in (4.0, 8.0, 16.0)])
        places = torch.randint(-4, 24, (rng.choice([1, 5, 40]), 2), generator=generator) * 4.0
        sides = torch.randint(1, 6, places.shape, generator=generator) * 4.0
        gts = torch.cat([places, places + sides], 1)
        preds = priors + torch.randint(-4, 5, priors.shape, generator=generator)
        rule = AssignmentRule(
            alpha=rng.choice([1.0, 0.6, 0.2]),
            force_match=rng.random() < 0.5,
            t_pos_min=rng.choice([0.1, 0.0]),
            t_neg_min=0.0,
        )
        given_ = dict(priors=priors * scale, gt_boxes=gts * scale, pred_boxes=preds * scale)
        results = [
            assign_adaptive(
                **given_, rule=rule, engine=engine, measure=measure_of(name, calibrated)
            )
            for engine in ("dense", "sparse")
        ]
        assert results[0].gt_inds.equal(results[1].gt_inds)
        assert results[0].max_overlaps.equal(results[1].max_overlaps)

    def test_2500_objects_take_a_small_share_of_the_pairs(self, monkeypatch):
        generator = torch.Generator().manual_seed(0)
        corner = torch.rand(62_500, 2, generator=generator) * 800
        boxes = torch.cat([corner, corner + 12], dim=1)
        gts, priors = boxes[:2500], boxes[2500:]
        measured = []
        original = assignment.MeasuredEngine._values

        def values(self, gt, prior):
            measured.append(len(gt))
            return original(self, gt, prior)

        monkeypatch.setattr(assignment.MeasuredEngine, "_values", values)
        rule = AssignmentRule(alpha=0.6)
        result = assign_adaptive(priors, gts, rule, priors + 1, measure=measure_of("nwd", True))
        assert sum(measured) < len(gts) * len(priors) / 50
        assert max(measured) <= 2**20
        assert (result.gt_inds > 0).sum() > 2500

    def test_only_a_measure_with_bounds_has_a_sparse_engine(self):
        with pytest.raises(ValueError, match=r"needs bounds, which CIoUOverlaps2D\(\) has not"):
            assign_adaptive(
                PRIORS, GTS, AssignmentRule(), engine="sparse", measure=measure_of("ciou")
            )

    def test_mmdets_own_iou_gives_what_none_gives(self):
        case = random_assignment(random.Random(12))
        rule = AssignmentRule(alpha=0.6)
        boxes = (case["priors"], case["gt_boxes"], rule, case["pred_boxes"])
        iou = TASK_UTILS.build(dict(type="BboxOverlaps2D"))
        found, expected = assign_adaptive(*boxes, measure=iou), assign_adaptive(*boxes)
        assert found.gt_inds.equal(expected.gt_inds) and (found.gt_inds > 0).any()


class TestCalibration:
    """Values by hand: exp(-2 u), u the shift in sides of the object."""

    @pytest.mark.parametrize("side", [4.0, 8.0, 32.0])
    @pytest.mark.parametrize("name", FALLING)
    def test_a_shift_counts_as_in_iou_at_every_size(self, name, side):
        gt = torch.tensor([[10.0, 20.0, 10 + side, 20 + side]], dtype=torch.float64)
        for share, iou in ((0.0, 1.0), (1 / 16, 15 / 17), (1 / 8, 7 / 9), (1 / 4, 3 / 5)):
            # m = 6 and n = 4 of SimD: a shift along y seems sqrt(2 / 3) as far, x sqrt(3 / 2).
            step = torch.tensor([0, side, 0, side]) * share
            factor = (2 / 3) ** 0.5 if name == "simd" else 1
            value = measure_of(name, True)(gt, gt + step)[0, 0].item()
            assert value == pytest.approx(math.exp(-2 * share * factor), abs=1e-9)
            if name != "simd":
                assert value == pytest.approx(iou, abs=0.007)

    def test_hand_values_of_other_pairs(self):
        gt = torch.tensor([[0.0, 0, 8, 8]])
        others = torch.tensor([[-4.0, -4, 12, 12], [2, 0, 6, 8], [6, 8, 14, 16], [0, 0, 80, 80]])
        expected = {
            # W: sqrt(128 / 4), sqrt(16 / 4), 10, sqrt(36^2 + 36^2 + 2 * 72^2 / 4), by 8 px.
            "nwd": [math.sqrt(32) / 8, 2 / 8, 10 / 8, 72 / 8],
            "dotd": [0, 0, 10 / 8, 36 * math.sqrt(2) / 8],
            # KL: 2 ((4 - 1) / 2 - ln 2), (.25 - 1) / 2 + ln 2, 2 (36 + 64) / 64, then u^2 = KL / 2.
            "rfd-kld": [
                math.sqrt(1.5 - math.log(2)),
                math.sqrt((math.log(2) - 0.375) / 2),
                10 / 8,
                math.sqrt((99 - 2 * math.log(10) + 2 * 2 * 36**2 / 64) / 2),
            ],
            # (6, 4) * 8 / 24; 6 * 4 / 12; (6 * 6, 4 * 8) / 16; ...; times 2 / sqrt(24).
            "simd": [
                math.sqrt(52) / 3 * 2 / math.sqrt(24),
                2 * 2 / math.sqrt(24),
                math.sqrt(36**2 + 32**2) / 16 * 2 / math.sqrt(24),
                math.sqrt(52) * (36 + 72) / 88 * 2 / math.sqrt(24),
            ],
        }
        expected["rfd-wd"] = expected["nwd"]
        for name, shifts in expected.items():
            values = measure_of(name, True)(gt, others)[0].tolist()
            assert values == pytest.approx([math.exp(-2 * u) for u in shifts], rel=1e-5), name

    @pytest.mark.parametrize(
        ("this", "other"),
        [
            (dict(type="NWDOverlaps2D", constant=3.0), dict(type="NWDOverlaps2D", constant=99.0)),
            (dict(type="NWDOverlaps2D", constant=3.0), dict(type="RFDOverlaps2D", kind="wd")),
            (dict(type="DotDOverlaps2D", scale=3.0), dict(type="DotDOverlaps2D", scale=99.0)),
            (dict(type="SimDOverlaps2D", m=3.0, n=6.0), dict(type="SimDOverlaps2D", m=1.0, n=2.0)),
        ],
    )
    def test_no_constant_of_a_data_set_is_left(self, this, other):
        make = torch.Generator().manual_seed(1)
        corners = torch.rand(50, 2, generator=make, dtype=torch.float64) * 40
        boxes = torch.cat([corners, corners + 2 + corners.flip(0) / 2], 1)
        first, second = (
            IoUShiftOverlaps2D(TASK_UTILS.build(cfg))(boxes[:20], boxes[20:])
            for cfg in (this, other)
        )
        assert torch.allclose(first, second, rtol=1e-9, atol=1e-12)

    @pytest.mark.parametrize("name", FALLING)
    def test_what_is_no_box_overlaps_nothing(self, name):
        odd = torch.tensor([[0, 0, 0, 5.0], [math.nan, 0, 2, 2], [0, 0, math.inf, 2]])
        measure = measure_of(name, True)
        assert (measure(odd, PRIORS) == 0).all() and (measure(PRIORS, odd) == 0).all()


@pytest.mark.parametrize(
    ("name", "calibration"),
    [(name, None) for name in ALL] + [(name, "iou_shift") for name in FALLING],
)
class TestCanonicalCases:
    def test_normal(self, name, calibration):
        assigner = assigner_of(name, calibration=calibration)
        result = assigner.assign(InstanceData(priors=PRIORS), ground_truths())
        assert result.num_gts == 2 and result.gt_inds[0] == 1
        assert result.labels[0] == 2 and result.gt_inds[3] <= 0 and result.labels[3] == -1
        assert result.max_overlaps[0] == assigner.measure(GTS[:1], PRIORS[:1])[0, 0]

    def test_ignore_regions(self, name, calibration):
        ignored = InstanceData(bboxes=torch.tensor([[0, 0, 11, 11.0], [30, 30, 40, 40]]))
        assigner = assigner_of(name, calibration=calibration, ignore_iof_thr=0.5)
        result = assigner.assign(InstanceData(priors=PRIORS), ground_truths(), ignored)
        assert result.gt_inds[[0, 3]].tolist() == [-1, -1]  # 48 of 60 px of the last
        assert result.max_overlaps[[0, 3]].tolist() == [-1, -1]
        everywhere = InstanceData(bboxes=torch.tensor([[-99.0, -99, 99, 99]]))
        result = assigner.assign(InstanceData(priors=PRIORS), ground_truths(), everywhere)
        assert (result.gt_inds == -1).all()

    @pytest.mark.parametrize(("priors", "gts"), [(4, 0), (0, 2), (0, 0)])
    def test_none(self, name, calibration, priors, gts):
        assigner = assigner_of(name, calibration=calibration, force_match=True, max_positives=2)
        assigner.set_progress(1)
        pred = InstanceData(priors=PRIORS[:priors], bboxes=PRIORS[:priors])
        for ignored in (None, InstanceData(bboxes=torch.zeros(0, 4))):
            result = assigner.assign(pred, ground_truths(GTS[:gts]), ignored)
            assert result.num_gts == gts
            assert result.gt_inds.tolist() == [0] * priors
            assert result.max_overlaps.tolist() == [0] * priors

    def test_force_match_serves_every_object_that_is_one(self, name, calibration):
        gts = torch.tensor([[1.0, 1, 2, 2], [1, 1, 2, 2], [5, 5, 5, 9]])
        assigner = assigner_of(name, calibration=calibration, force_match=True)
        result = assigner.assign(InstanceData(priors=PRIORS), ground_truths(gts))
        found = set(result.gt_inds.tolist())
        assert 3 not in found
        assert found >= ({1, 2} if name in FALLING else {0})  # a CIoU or DIoU below 0 counts as 0

    def test_regressed_boxes_count_by_the_same_measure(self, name, calibration):
        preds = PRIORS.clone()
        preds[1] = GTS[1]  # fits the second object
        pred = InstanceData(priors=PRIORS, bboxes=preds)
        assigner = assigner_of(name, calibration=calibration, alpha0=0.0, beta=0.0)
        assigner.set_progress(1)
        result = assigner.assign(pred, ground_truths())
        assert result.gt_inds[1] == 2 and result.max_overlaps[1] == pytest.approx(1)


class TestAssigner:
    def test_a_later_start_leaves_the_anchors_alone_until_then(self):
        assigner = assigner_of("nwd", calibration="iou_shift", decay=(0.5, 0.75))
        alphas = []
        for progress in (0.0, 0.4, 0.5, 0.625, 0.75, 1.0):
            assigner.set_progress(progress)
            alphas.append(assigner.rule.alpha)
        assert alphas == pytest.approx([1, 1, 1, 0.8, 0.6, 0.6])

    @pytest.mark.parametrize("name", ["ciou", "diou"])
    def test_iou_and_its_kin_need_no_calibration(self, name):
        with pytest.raises(ValueError, match=r"that falls with a distance .* but got .IoUOver"):
            assigner_of(name, calibration="iou_shift")

    def test_a_calibration_of_nothing_or_unknown_is_refused(self):
        with pytest.raises(ValueError, match="but got no iou_calculator"):
            TASK_UTILS.build(dict(type="AdaptiveDynamicAssigner", calibration="iou_shift"))
        with pytest.raises(ValueError, match=r"calibration must be None or 'iou_shift'.*'rank'"):
            assigner_of("nwd", calibration="rank")

    def test_receptive_fields_as_priors(self):
        generator = TASK_UTILS.build(
            dict(type="ReceptiveFieldGenerator", strides=[4, 8], receptive_fields=[16, 48])
        )
        fields = torch.cat(generator.grid_priors([(16, 16), (8, 8)], device="cpu"))
        gts = ground_truths(torch.tensor([[21.0, 20, 28, 27], [30, 30, 52, 53]]))
        assigner = assigner_of("rfd-kld", calibration="iou_shift")
        result = assigner.assign(InstanceData(priors=fields), gts)
        # The first fits fields of 8 px on stride 4, the second those of 24 px on stride 8.
        assert ((result.gt_inds == 1).nonzero() < 256).all()
        assert ((result.gt_inds == 2).nonzero() >= 256).all()
        assert set(result.gt_inds.tolist()) >= {1, 2}
