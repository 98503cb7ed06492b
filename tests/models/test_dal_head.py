"""DAL's loss weights: by loops, on the losses of the head, and where they cannot be had."""

import pytest
import torch
from mmdet.registry import TASK_UTILS
from mmengine.config import ConfigDict

from adla.core import matching_weights

from .test_heads import batch, build

DEGREE = dict(
    type="AdaptiveDynamicAssigner",
    metric="matching_degree",
    alpha0=0.3,
    gamma=5.0,
    adaptive_threshold=False,
    pos_iou_thr=0.2,
    neg_iou_thr=0.1,
    force_match=True,
)


def test_weights_are_those_of_the_formula():
    generator = torch.Generator().manual_seed(0)
    degrees = torch.rand(40, generator=generator, dtype=torch.float64)
    inds = torch.randint(0, 7, (40,), generator=generator)
    found = matching_weights(degrees, inds, 9).tolist()
    for i, k in enumerate(inds.tolist()):
        same = [degrees[j].item() for j in range(40) if inds[j] == k]
        assert found[i] == pytest.approx(degrees[i].item() + 1 - max(same))
    assert max(found) == 1 and min(found) > 0
    assert not len(matching_weights(degrees[:0], inds[:0], 0))


def targets(name, image, allowed_border=-1):
    """The targets of an image, and what the assigner measured of its positives."""
    head = build(name, DEGREE, allowed_border)
    head.assigner.set_progress(1.0)
    feats, gts, metas = batch()
    outs = head(feats)
    anchors, valid = head.get_anchors([f.shape[-2:] for f in feats], metas, device="cpu")
    shown = head._with_predictions(metas, *outs)
    found = head._get_targets_single(
        torch.cat(anchors[image]), torch.cat(valid[image]), gts[image], shown[image], None
    )
    return found, gts[image]


@pytest.mark.parametrize("allowed_border", [-1, 0])
def test_weights_of_an_image_are_those_of_its_positives(allowed_border):
    plain, _ = targets("AdlaRetinaHead", 0, allowed_border)
    whole, _ = targets("DALRetinaHead", 0, allowed_border)
    labels, class_weights, boxes, box_weights, *_, sampled = whole
    positive = (labels < 3).nonzero().squeeze(1)
    assert len(positive) >= 5 and len(set(sampled.pos_overlaps.tolist())) > 3
    expected = matching_weights(sampled.pos_overlaps, sampled.pos_assigned_gt_inds, sampled.num_gts)
    assert expected.min() < 0.95
    assert torch.equal(labels, plain[0]) and torch.equal(boxes, plain[2])
    torch.testing.assert_close(class_weights[positive], 1 + expected)
    torch.testing.assert_close(box_weights[positive], expected[:, None].expand(-1, 4))
    others = torch.ones(len(labels), dtype=torch.bool)
    others[positive] = False
    assert torch.equal(class_weights[others], plain[1][others])


def test_losses_are_finite_and_an_image_without_objects_has_none():
    head = build("DALRetinaHead", DEGREE)
    head.assigner.set_progress(1.0)
    feats, gts, metas = batch()
    losses = head.loss_by_feat(*head(feats), gts, metas)
    sum(sum(part) for part in losses.values()).backward()
    assert all(p.grad.isfinite().all() for p in head.parameters())
    (labels, _, _, box_weights, *_), _ = targets("DALRetinaHead", 1)
    assert (labels == 3).all() and not box_weights.any()


def test_a_sampler_that_chooses_is_refused():
    stock = build("DALRetinaHead", DEGREE)
    cfg = ConfigDict(type="RandomSampler", num=16, pos_fraction=0.5, add_gt_as_proposals=False)
    stock.sampler = TASK_UTILS.build(cfg)
    stock.assigner.set_progress(1.0)
    feats, gts, metas = batch()
    with pytest.raises(
        ValueError, match=r"it needs train_cfg\.sampler=.*but the config has a Rand"
    ):
        stock.loss_by_feat(*stock(feats), gts, metas)
