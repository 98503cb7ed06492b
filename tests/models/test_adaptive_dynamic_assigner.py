"""The assigner in mmdet's interface, with mmdet's own canonical cases."""

import pytest
import torch
from mmdet.models.task_modules import MlvlPointGenerator
from mmdet.registry import TASK_UTILS
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.structures import InstanceData

from adla.core import AssignmentRule, assign_adaptive
from adla.models import AdaptiveDynamicAssigner
from adla.models.task_modules.assigners import adaptive_dynamic_assigner as module

PRIORS = torch.tensor([[0, 0, 10, 10], [10, 10, 20, 20], [5, 5, 15, 15], [32, 32, 38, 42.0]])
GTS = torch.tensor([[0, 0, 10, 9], [0, 10, 10, 19.0]])


def instances(boxes, labels=None):
    data = InstanceData(bboxes=boxes)
    data.labels = torch.arange(len(boxes)) + 2 if labels is None else labels
    return data


def test_built_from_a_config():
    assigner = TASK_UTILS.build(dict(type="AdaptiveDynamicAssigner", alpha0=0.3, beta=0.2))
    assert isinstance(assigner, AdaptiveDynamicAssigner)
    assigner.set_progress(1)
    assert assigner.rule == AssignmentRule(alpha=0.3, beta=0.2)


def test_normal():
    result = AdaptiveDynamicAssigner().assign(InstanceData(priors=PRIORS), instances(GTS))
    # Prior 0 fits the first to .9. The best of the second is prior 2: 25/165 above its T_p of .11.
    assert result.gt_inds.tolist() == [1, 0, 2, 0]
    assert result.labels.tolist() == [2, -1, 3, -1]
    assert result.max_overlaps.tolist() == pytest.approx([0.9, 0, 25 / 165, 0])
    assert result.num_gts == 2


def test_ignore_regions():
    ignore = InstanceData(bboxes=torch.tensor([[30, 30, 40, 40.0]]))
    pred = InstanceData(priors=PRIORS)
    result = AdaptiveDynamicAssigner(ignore_iof_thr=0.5).assign(pred, instances(GTS), ignore)
    assert result.gt_inds.tolist() == [1, 0, 2, -1]  # 48/60 of the last prior
    off = AdaptiveDynamicAssigner().assign(pred, instances(GTS), ignore)
    assert off.gt_inds.tolist() == [1, 0, 2, 0]


@pytest.mark.parametrize(("num_priors", "num_gts"), [(4, 0), (0, 2), (0, 0)])
def test_nothing_to_assign(num_priors, num_gts):
    pred = InstanceData(priors=PRIORS[:num_priors], bboxes=PRIORS[:num_priors])
    assigner = AdaptiveDynamicAssigner(ignore_iof_thr=0.5)
    assigner.set_progress(1)
    result = assigner.assign(pred, instances(GTS[:num_gts]), InstanceData(bboxes=GTS[:0]))
    assert result.num_gts == num_gts
    assert result.gt_inds.tolist() == [0] * num_priors
    assert result.labels.tolist() == [-1] * num_priors
    assert result.max_overlaps.tolist() == [0] * num_priors


def test_the_order_of_atss_and_calls_by_name():
    assigner, pred = AdaptiveDynamicAssigner(ignore_iof_thr=0.5), InstanceData(priors=PRIORS)
    gts, ignore = instances(GTS), InstanceData(bboxes=torch.tensor([[30, 30, 40, 40.0]]))
    calls = (
        assigner.assign(pred, gts, ignore),
        assigner.assign(pred, [3, 1], gts, ignore),
        assigner.assign(pred, gt_instances=gts, gt_instances_ignore=ignore),
        assigner.assign(
            pred, num_level_priors=[3, 1], gt_instances=gts, gt_instances_ignore=ignore
        ),
        assigner.assign(pred, gts, gt_instances_ignore=ignore),
    )
    for result in calls:
        assert result.gt_inds.tolist() == [1, 0, 2, -1]
    with pytest.raises(TypeError, match="gt_instances"):
        assigner.assign(pred, [3, 1])


def test_predictions_count_once_alpha_falls():
    # Prior 1 does not overlap the second ground truth; its prediction covers it.
    preds = PRIORS.clone()
    preds[1] = torch.tensor([0, 10, 10, 19.0])
    pred = InstanceData(priors=PRIORS, bboxes=preds)
    assigner = AdaptiveDynamicAssigner(alpha0=0.6, gamma=3)
    assert assigner.assign(pred, instances(GTS)).max_overlaps[1] == 0
    assigner.set_progress(0.5)
    # .4 * 1 - .4 * 1^3 = 0: a change of the full range is punished to nothing, and
    assert assigner.assign(pred, instances(GTS)).max_overlaps[1] == pytest.approx(0, abs=1e-7)
    free = AdaptiveDynamicAssigner(alpha0=0.6, beta=0.0)
    free.set_progress(0.5)
    result = free.assign(pred, instances(GTS))  # without penalty .4 > T_p
    assert result.gt_inds.tolist() == [1, 2, 2, 0]
    assert result.max_overlaps[1] == pytest.approx(0.4)


def test_without_predictions_the_anchor_decides_at_any_alpha():
    assigner = AdaptiveDynamicAssigner(metric="matching_degree")
    assigner.set_progress(1)
    result = assigner.assign(InstanceData(priors=PRIORS), instances(GTS))
    assert result.max_overlaps.tolist() == pytest.approx([0.9, 0, 25 / 165, 0])


@pytest.mark.parametrize("progress", [None, 1])
def test_a_head_that_shows_no_predictions_is_reported_once(monkeypatch, progress):
    said = []
    monkeypatch.setattr(module, "print_log", lambda message, **kwargs: said.append(message))

    def assign(**arguments):
        assigner = AdaptiveDynamicAssigner(**arguments)
        if progress is not None:
            assigner.set_progress(progress)
        for _ in range(2):
            assigner.assign(InstanceData(priors=PRIORS), instances(GTS))

    assign(metric="anchor_iou")
    assert not said
    assign()
    (message,) = said
    assert "metric='dynamic_iou' gets no predictions" in message


def test_points_with_strides_are_refused():
    generator = MlvlPointGenerator([8, 16, 32])
    points = generator.grid_priors([(20, 20), (10, 10), (5, 5)], device="cpu", with_stride=True)
    pred = InstanceData(priors=torch.cat(points))
    ranking = dict(type="RankingAssigner", iou_calculator=dict(type="NWDOverlaps2D", constant=9.0))
    for assigner in (AdaptiveDynamicAssigner(), TASK_UTILS.build(ranking)):
        with pytest.raises(ValueError, match=r"priors must be boxes.* got points with strides"):
            assigner.assign(pred, instances(GTS))


def test_what_it_needs():
    assigner = AdaptiveDynamicAssigner()
    assert assigner.needs_progress and not assigner.needs_predictions
    assigner.set_progress(0.05)
    assert not assigner.needs_progress and not assigner.needs_predictions
    assigner.set_progress(0.11)
    assert assigner.needs_predictions
    assert AdaptiveDynamicAssigner(metric="matching_degree").needs_predictions
    assert AdaptiveDynamicAssigner(beta=0.3).needs_predictions
    assert not AdaptiveDynamicAssigner(metric="anchor_iou").needs_progress


def test_mmdets_box_type():
    pred = InstanceData(priors=HorizontalBoxes(PRIORS))
    result = AdaptiveDynamicAssigner().assign(pred, instances(HorizontalBoxes(GTS)))
    assert result.gt_inds.tolist() == [1, 0, 2, 0]


@pytest.mark.parametrize(
    "bad", [dict(alpha0=1.2), dict(gamma=-1), dict(metric="iou"), dict(p_tp=3)]
)
def test_bad_arguments_are_named(bad):
    ((name, value),) = bad.items()
    with pytest.raises(ValueError, match=f"{name} must be .*{value}"):
        AdaptiveDynamicAssigner(**bad)


def test_ignore_regions_without_effect_are_refused():
    with pytest.raises(ValueError, match=r"ignore_iof_thr.* must be below 1.* got 5"):
        AdaptiveDynamicAssigner(ignore_iof_thr=5)


def test_same_result_in_deterministic_mode():
    torch.use_deterministic_algorithms(True)
    try:
        assigner = AdaptiveDynamicAssigner(force_match=True)
        result = assigner.assign(InstanceData(priors=PRIORS), instances(GTS))
    finally:
        torch.use_deterministic_algorithms(False)
    assert result.gt_inds.tolist() == [1, 0, 2, 0]


@pytest.mark.gpu
def test_cuda_equals_cpu():
    generator = torch.Generator().manual_seed(0)
    xy = torch.rand(3000, 2, generator=generator) * 200
    priors = torch.cat([xy, xy + 4 + torch.rand(3000, 2, generator=generator) * 20], dim=1)
    preds = priors + torch.randn(3000, 4, generator=generator)
    rule = AssignmentRule(alpha=0.6, force_match=True)
    expected = assign_adaptive(priors, priors[:100], rule, preds, priors[100:103], 0.5)
    got = assign_adaptive(
        priors.cuda(), priors[:100].cuda(), rule, preds.cuda(), priors[100:103].cuda(), 0.5
    )
    assert (got.gt_inds.cpu() == expected.gt_inds).float().mean() > 0.999  # rounding of pow only
    assert torch.allclose(got.max_overlaps.cpu(), expected.max_overlaps, atol=1e-5)


@pytest.mark.parametrize("engine", ["auto", "sparse", "dense"])
def test_engines_agree(engine):
    assigner = AdaptiveDynamicAssigner(engine=engine)
    assert assigner.assign(InstanceData(priors=PRIORS), instances(GTS)).gt_inds.tolist() == (
        AdaptiveDynamicAssigner()
        .assign(InstanceData(priors=PRIORS), instances(GTS))
        .gt_inds.tolist()
    )


def test_another_engine_is_refused():
    with pytest.raises(ValueError, match=r"engine must be one of .* but got 'fast'"):
        AdaptiveDynamicAssigner(engine="fast")
