"""The assigners by rank: mmdet's canonical cases, and their place in mmdet's heads."""

import pytest
import torch
from mmdet.registry import MODELS, TASK_UTILS
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.structures import InstanceData

from adla.engine.hooks.assign_stats_hook import count_by_size

ASSIGNERS = {
    "nwd-rka": dict(
        type="RankingAssigner",
        topk=1,
        neg_thr=0.3,
        ignore_iof_thr=0.5,
        iou_calculator=dict(type="NWDOverlaps2D", constant=10.0),
    ),
    "rfla": dict(type="HierarchicalAssigner", topk=(1, 1), neg_thr=0.3, ignore_iof_thr=0.5),
    "rfla-wd": dict(
        type="HierarchicalAssigner",
        topk=(1, 1),
        neg_thr=None,
        ignore_iof_thr=0.5,
        iou_calculator=dict(type="RFDOverlaps2D", kind="wd"),
    ),
}
PRIORS = torch.tensor([[0, 0, 10, 10], [10, 10, 20, 20], [5, 5, 15, 15], [32, 32, 38, 42.0]])
GTS = torch.tensor([[0, 0, 10, 9], [0, 10, 10, 19.0]])


def ground_truths(boxes=GTS):
    return InstanceData(bboxes=boxes, labels=torch.arange(2, 2 + len(boxes)))


@pytest.fixture(params=ASSIGNERS)
def assigner(request):
    return TASK_UTILS.build(ASSIGNERS[request.param])


class TestCanonicalCases:
    def test_normal(self, assigner):
        result = assigner.assign(InstanceData(priors=PRIORS), ground_truths())
        assert result.num_gts == 2
        # The third prior is the nearest to the second object, the first is the first one's.
        assert result.gt_inds[[0, 2]].tolist() == [1, 2]
        assert result.labels[[0, 2]].tolist() == [2, 3]
        assert result.gt_inds[3] == 0 and result.labels[3] == -1
        assert result.max_overlaps[0] == assigner.iou_calculator(GTS[:1], PRIORS[:1])[0, 0]

    def test_no_stage_takes_a_prior_in_an_ignore_region(self, assigner):
        """The first prior is the object itself, and the best of both stages; then the third is."""
        gt = ground_truths(GTS[:1])
        assert assigner.assign(InstanceData(priors=PRIORS), gt).gt_inds[0] == 1
        ignored = InstanceData(bboxes=torch.tensor([[0, 0, 10, 5.1]]))  # 51 of 100 px
        result = assigner.assign(InstanceData(priors=PRIORS), gt, ignored)
        assert result.gt_inds[0] == -1 and result.gt_inds[2] == 1

    def test_ignore(self, assigner):
        ignored = InstanceData(bboxes=torch.tensor([[0, 0, 11, 11.0], [30, 30, 40, 40]]))
        result = assigner.assign(InstanceData(priors=PRIORS), ground_truths(), ignored)
        assert result.gt_inds[[0, 3]].tolist() == [-1, -1]  # 48 of 60 px of the last
        assert result.max_overlaps[[0, 3]].tolist() == [-1, -1]
        assert (result.gt_inds > 0).any()  # the objects rank what is left
        everywhere = InstanceData(bboxes=torch.tensor([[-99.0, -99, 99, 99]]))
        result = assigner.assign(InstanceData(priors=PRIORS), ground_truths(), everywhere)
        assert (result.gt_inds == -1).all()

    @pytest.mark.parametrize(("priors", "gts"), [(4, 0), (0, 2), (0, 0)])
    def test_none(self, assigner, priors, gts):
        for ignored in (None, InstanceData(bboxes=torch.zeros(0, 4))):
            result = assigner.assign(
                InstanceData(priors=PRIORS[:priors]), ground_truths(GTS[:gts]), ignored
            )
            assert result.num_gts == gts
            for name in ("gt_inds", "labels"):
                assert getattr(result, name).shape == (priors,)
                assert getattr(result, name).dtype == torch.long
            assert (result.gt_inds == 0).all() and (result.labels == -1).all()
            assert (result.max_overlaps == 0).all()

    def test_an_object_without_area_gets_nothing(self, assigner):
        gts = torch.tensor([[5.0, 5, 5, 9], [0, 0, 10, 9]])
        result = assigner.assign(InstanceData(priors=PRIORS), ground_truths(gts))
        assert 1 not in result.gt_inds.tolist() and result.gt_inds[0] == 2

    def test_priors_are_never_changed(self, assigner):
        priors = PRIORS.clone()
        assigner.assign(InstanceData(priors=priors), ground_truths())
        assert priors.equal(PRIORS)

    def test_box_types_and_scores(self, assigner):
        plain = assigner.assign(InstanceData(priors=PRIORS), ground_truths())
        typed = assigner.assign(
            InstanceData(priors=HorizontalBoxes(PRIORS)), ground_truths(HorizontalBoxes(GTS))
        )
        scored = torch.cat([PRIORS, torch.ones(4, 1)], 1)
        scored = assigner.assign(InstanceData(priors=scored), ground_truths())
        assert typed.gt_inds.equal(plain.gt_inds) and scored.gt_inds.equal(plain.gt_inds)

    def test_the_order_of_atss(self, assigner):
        plain = assigner.assign(InstanceData(priors=PRIORS), ground_truths())
        atss = assigner.assign(InstanceData(priors=PRIORS), [3, 1], ground_truths(), None)
        assert atss.gt_inds.equal(plain.gt_inds)


class TestNegatives:
    @pytest.mark.parametrize("wrong", [30, 0, -0.1])
    def test_a_threshold_out_of_range_is_refused(self, wrong):
        with pytest.raises(ValueError, match=rf"neg_thr must be in \(0, 1\], or None, .*{wrong}"):
            TASK_UTILS.build(ASSIGNERS["nwd-rka"] | dict(neg_thr=wrong))

    def test_what_nobody_takes_and_is_near_is_ignored(self):
        priors = torch.tensor([[0.0, 0, 10, 10], [1, 1, 11, 11], [90, 90, 95, 95]])
        cfg = ASSIGNERS["nwd-rka"]
        found = {
            threshold: TASK_UTILS.build(cfg | dict(neg_thr=threshold))
            .assign(InstanceData(priors=priors), ground_truths(GTS[:1]))
            .gt_inds.tolist()
            for threshold in (0.3, 0.99, None)
        }
        assert found == {0.3: [1, -1, 0], 0.99: [1, 0, 0], None: [1, 0, 0]}


class TestRefused:
    @pytest.mark.parametrize("topk", [0, -1, 1.5, None])
    def test_topk(self, topk):
        with pytest.raises(ValueError, match="topk must count at least 1 prior, but got"):
            TASK_UTILS.build(ASSIGNERS["nwd-rka"] | dict(topk=topk))

    @pytest.mark.parametrize("topk", [3, (3,), (3, 1, 1)])
    def test_topk_of_two_stages(self, topk):
        with pytest.raises(ValueError, match="topk must be two numbers"):
            TASK_UTILS.build(dict(type="HierarchicalAssigner", topk=topk))

    @pytest.mark.parametrize("ratio", [0, -0.5, 1.1])
    def test_ratio(self, ratio):
        with pytest.raises(
            ValueError, match=r"ratio, the decay of the radius, must be in \(0, 1\]"
        ):
            TASK_UTILS.build(dict(type="HierarchicalAssigner", ratio=ratio))


TRAIN = dict(allowed_border=-1, pos_weight=-1, debug=False)
FIELDS = dict(type="ReceptiveFieldGenerator", strides=[8, 16], receptive_fields=[20, 60])
HEADS = {
    "RetinaHead": dict(num_classes=2, stacked_convs=1),
    "AdlaRetinaHead": dict(num_classes=2, stacked_convs=1),
    "RPNHead": {},
    "ATSSHead": dict(
        num_classes=2, stacked_convs=1, norm_cfg=None, loss_bbox=dict(type="GIoULoss")
    ),
}


@pytest.mark.parametrize("head_type", HEADS)
@pytest.mark.parametrize("name", ASSIGNERS)
def test_in_any_anchor_head_by_one_line(head_type, name, monkeypatch):
    torch.manual_seed(0)
    sampler = dict(type="RandomSampler", num=64, pos_fraction=0.5, add_gt_as_proposals=False)
    sampler = sampler if head_type == "RPNHead" else dict(type="PseudoSampler")
    head = MODELS.build(
        dict(
            type=head_type,
            in_channels=8,
            feat_channels=8,
            anchor_generator=FIELDS,
            train_cfg=dict(assigner=ASSIGNERS[name], sampler=sampler, **TRAIN),
            **HEADS[head_type],
        )
    )
    results, assign = [], head.assigner.assign
    monkeypatch.setattr(
        head.assigner, "assign", lambda *a, **k: results.append(assign(*a, **k)) or results[-1]
    )
    features = [torch.randn(1, 8, 8, 8), torch.randn(1, 8, 4, 4)]
    gts = InstanceData(
        bboxes=torch.tensor([[9.0, 9, 19, 20], [40, 30, 46, 39]]), labels=torch.tensor([0, 1])
    )
    if head_type == "RPNHead":
        gts.labels.zero_()
    losses = head.loss_by_feat(
        *head(features), [gts], [dict(img_shape=(64, 64), pad_shape=(64, 64))]
    )
    total = sum(sum(loss) if isinstance(loss, list) else loss for loss in losses.values())
    assert torch.isfinite(total) and total > 0
    counts = count_by_size(results[0].gt_inds, gts.bboxes)  # as AssignStatsHook counts
    assert counts.sum(dim=0).tolist()[0] == 2 and counts[:, 2].sum() == 0
