"""What a GPU would make of the assignments: no tensor on another device, and few waits."""

import pytest
import torch
from mmdet.models.task_modules.prior_generators import AnchorGenerator
from mmdet.registry import MODELS, TASK_UTILS
from mmengine.structures import InstanceData

from adla.core import AssignmentRule, TaskAlignmentRule, assign_adaptive, assign_task_aligned

from .device_guard import DEVICE, DeviceGuard, on_device, on_host

ASSIGNERS = {
    "adla": dict(type="AdaptiveDynamicAssigner", ignore_iof_thr=0.5),
    "adla-forced": dict(type="AdaptiveDynamicAssigner", force_match=True),
    "adla-bounded": dict(
        type="AdaptiveDynamicAssigner", max_positives="anchor_iou", ignore_iof_thr=0.5
    ),
    "adla-nwd": dict(
        type="AdaptiveDynamicAssigner",
        iou_calculator=dict(type="NWDOverlaps2D", constant=12.8),
        calibration="iou_shift",
        max_positives=16,
        ignore_iof_thr=0.5,
    ),
    "drop-in": dict(
        type="SparseMaxIoUAssigner", pos_iou_thr=0.5, neg_iou_thr=0.4, ignore_iof_thr=0.5
    ),
    "nwd-rka": dict(
        type="RankingAssigner", topk=3, iou_calculator=dict(type="NWDOverlaps2D", constant=12.8)
    ),
    "rfla": dict(type="HierarchicalAssigner"),
}
#: Waits for one image of up to 800 objects, also where they are too many to measure all pairs.
MOST_WAITS = {
    "adla": 2,
    "adla-forced": 10,
    "adla-bounded": 6,
    "adla-nwd": 32,
    "drop-in": 2,
    "nwd-rka": 12,
    "rfla": 22,
}


def anchors(size=256, strides=(4, 8, 16)):
    generator = AnchorGenerator(
        list(strides), [0.5, 1.0, 2.0], octave_base_scale=2, scales_per_octave=3
    )
    maps = [(size // stride, size // stride) for stride in strides]
    return torch.cat(generator.grid_priors(maps, device="cpu"))


def objects(count, size=256, seed=0):
    generator = torch.Generator().manual_seed(seed)
    sides = (12.8 + 5.9 * torch.randn(count, 2, generator=generator)).clamp(2, 64)
    corners = torch.rand(count, 2, generator=generator) * (size - sides)
    return torch.cat([corners, corners + sides], 1)


def image(count):
    """Return priors with predictions, objects and ignore regions."""
    priors = anchors()
    noise = torch.randn(priors.shape, generator=torch.Generator().manual_seed(1))
    return (
        InstanceData(priors=priors, bboxes=priors + noise),
        InstanceData(bboxes=objects(count), labels=torch.arange(count)),
        InstanceData(bboxes=torch.tensor([[0.0, 0, 40, 40]])),
    )


@pytest.mark.parametrize(
    ("name", "count"),
    # The drop-in leaves what is little to mmdet's class.
    [(n, c) for n in ASSIGNERS for c in (0, 1, 10, 170, 800) if n != "drop-in" or c > 1],
)
def test_assigners_wait_little_and_give_the_same(name, count):
    assigner = TASK_UTILS.build(ASSIGNERS[name])
    if hasattr(assigner, "set_progress"):
        assigner.set_progress(0.75)
    case = image(count)
    expected = assigner.assign(*case)  # it has seen that its priors are no points
    with DeviceGuard(deterministic=True) as guard:
        result = assigner.assign(*(on_device(part) for part in case))
    for field in ("gt_inds", "max_overlaps", "labels"):
        found = getattr(result, field)
        assert found.device == DEVICE
        assert on_host(found).equal(getattr(expected, field)), field
    assert len(guard.waits) <= MOST_WAITS[name], guard.waits


@pytest.mark.parametrize("engine", ["dense", "sparse"])
def test_both_engines_give_the_same(engine):
    priors, gts, _ = image(60)
    rule = AssignmentRule(alpha=0.6, force_match=True)
    expected = assign_adaptive(priors.priors, gts.bboxes, rule, priors.bboxes, engine=engine)
    tensors = on_device((priors.priors, gts.bboxes, priors.bboxes))
    with DeviceGuard(deterministic=True):
        result = assign_adaptive(tensors[0], tensors[1], rule, tensors[2], engine=engine)
    assert on_host(result.gt_inds).equal(expected.gt_inds)
    assert on_host(result.max_overlaps).equal(expected.max_overlaps)


def batch(count, images=2, size=256, strides=(4, 8, 16, 32)):
    """Return the arguments of ``assign_task_aligned``; half of the objects are crowded."""
    generator = torch.Generator().manual_seed(count)
    levels = []
    for stride in strides:
        middles = (torch.arange(size // stride) + 0.5) * stride
        y, x = torch.meshgrid(middles, middles, indexing="ij")
        strides_ = torch.full_like(x, stride)
        levels.append(torch.stack([x, y, strides_, strides_], -1).view(-1, 4))
    priors = torch.cat(levels)
    boxes = torch.cat([priors[:, :2] - 6, priors[:, :2] + 6], 1).repeat(images, 1, 1)
    gts = torch.stack([objects(count, size, seed) for seed in range(images)])
    gts[:, : count // 2] = torch.tensor([50.0, 50, 53, 53])
    tensors = dict(
        scores=torch.rand(images, len(priors), 3, generator=generator),
        boxes=boxes + torch.randn(boxes.shape, generator=generator),
        priors=priors,
        gt_labels=torch.randint(0, 3, (images, count), generator=generator),
        gt_boxes=gts,
        gt_mask=torch.rand(images, count, generator=generator) > 0.1,
    )
    return tensors, [len(level) for level in levels]


def test_a_batch_of_msla_waits_as_often_for_400_objects_as_for_40():
    rule, waits = TaskAlignmentRule(scale=12.0), []
    for count in (4, 40, 400):
        tensors, counts = batch(count)
        expected = assign_task_aligned(**tensors, num_level_priors=counts, rule=rule)
        tensors = {name: on_device(tensor) for name, tensor in tensors.items()}
        with DeviceGuard(deterministic=True) as guard:
            result = assign_task_aligned(**tensors, num_level_priors=counts, rule=rule)
        assert all(on_host(a).equal(b) for a, b in zip(result, expected, strict=True))
        waits.append(guard.waits)
    assert len(waits[0]) <= len(waits[1]) == len(waits[2]) <= 15, waits


def head(kind):
    """Return a small head with two levels, its maps (2 images of 64 px), objects and metas."""
    torch.manual_seed(0)
    if kind == "MSLAHead":
        assigner = dict(type="MSLAAssigner", metrics=("dotd", "ciou"), scale=10.0, strides=(8, 16))
        cfg = dict(type=kind, num_classes=2, in_channels=8, strides=(8, 16), reg_max=8)
        built = MODELS.build(cfg | dict(train_cfg=dict(assigner=assigner)))
    else:
        built = MODELS.build(
            dict(
                type=kind,
                num_classes=2,
                in_channels=8,
                feat_channels=8,
                stacked_convs=1,
                anchor_generator=dict(
                    type="AnchorGenerator",
                    octave_base_scale=2,
                    scales_per_octave=2,
                    ratios=[1.0],
                    strides=[8, 16],
                ),
                train_cfg=dict(
                    assigner=dict(type="AdaptiveDynamicAssigner"),
                    sampler=dict(type="PseudoSampler"),
                    allowed_border=-1,
                    pos_weight=-1,
                    debug=False,
                ),
            )
        )
        built.assigner.set_progress(0.75)
    maps = built([torch.randn(2, 8, 8, 8), torch.randn(2, 8, 4, 4)])
    gts = [
        InstanceData(bboxes=objects(count, 64), labels=torch.arange(count) % 2) for count in (5, 0)
    ]
    meta = dict(img_shape=(64, 64), pad_shape=(64, 64), batch_input_shape=(64, 64))
    return built, [[level.detach() for level in levels] for levels in maps], gts, [meta] * 2


def total(losses):
    return sum(sum(loss) if isinstance(loss, list) else loss for loss in losses.values())


@pytest.mark.parametrize("kind", ["AdlaRetinaHead", "MSLAHead"])
def test_the_losses_of_a_head_and_their_gradients(kind):
    built, maps, gts, metas = head(kind)

    def gradients(maps, gts):
        maps = [[level.requires_grad_() for level in levels] for levels in maps]
        loss = total(built.loss_by_feat(*maps, gts, metas))
        return loss, torch.autograd.grad(loss, [level for levels in maps for level in levels])

    expected = gradients(maps, gts)
    with DeviceGuard(deterministic=True):
        shown = [[on_device(level) for level in levels] for levels in maps]
        found = gradients(shown, [on_device(some) for some in gts])
    assert on_host(found[0]).equal(expected[0].detach())
    assert all(on_host(a).equal(b) for a, b in zip(found[1], expected[1], strict=True))


class TestTheGuard:
    def test_refuses_two_devices(self):
        with DeviceGuard(), pytest.raises(RuntimeError, match="on the CPU"):
            on_device(torch.ones(3)) + torch.ones(3)

    def test_refuses_what_is_not_deterministic_on_cuda(self):
        with DeviceGuard(deterministic=True), pytest.raises(RuntimeError, match="deterministic"):
            on_device(torch.rand(5, 2)).median(dim=0)

    @pytest.mark.parametrize(
        "wait",
        [
            lambda x: x.sum().item(),
            lambda x: bool(x[0] > 0),
            lambda x: (x > 0).nonzero(),
            lambda x: x[x > 0],
            lambda x: x.tolist(),
            lambda x: x.cpu(),
            lambda x: x.new_tensor([1.0]),
            lambda x: torch.tensor([1.0], device=x.device),
            lambda x: x[[0, 1]],
            lambda x: x.repeat_interleave(x.long()),
            lambda x: x.long().bincount(),
            lambda x: x.unique(),
        ],
    )
    def test_counts_waits(self, wait):
        tensor = on_device(torch.ones(3))
        with DeviceGuard() as guard:
            wait(tensor)
        assert len(guard.waits) == 1
