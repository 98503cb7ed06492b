"""Task-aligned assignment against a slow reference and by hand."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from adla.core import TaskAlignmentRule, assign_task_aligned

from ..task_alignment_reference import TaskAlignmentReference

STRIDES = (4, 8, 16)
YOLOV8 = TaskAlignmentRule(
    "ciou",
    topk_per_level=False,
    soft_target="ciou",
    force_match=False,
    contested="all",
    eps=1e-9,
)
MSLA = TaskAlignmentRule(("dotd", "ciou", "ciou"), scale=7.0)


def grid(size=32, strides=STRIDES):
    """The priors of all levels, (P, 4), and their numbers."""
    levels = []
    for stride in strides:
        axis = (torch.arange(size // stride) + 0.5) * stride
        y, x = torch.meshgrid(axis, axis, indexing="ij")
        levels.append(torch.stack([x, y, *[torch.full_like(x, stride)] * 2], -1).reshape(-1, 4))
    return torch.cat(levels), [len(level) for level in levels]


PRIORS, COUNTS = grid()


def scene(seed, batch=3, num_gts=5, num_classes=2, coarse=False):
    """Predictions and a padded batch; ``coarse`` values tie again and again."""
    generator = torch.Generator().manual_seed(seed)

    def rand(*shape):
        value = torch.rand(*shape, generator=generator)
        return (value * 4).round() / 4 if coarse else value

    num_priors = len(PRIORS)
    centers = PRIORS[:, :2] + (rand(batch, num_priors, 2) - 0.5) * 8
    half = 1 + rand(batch, num_priors, 2) * 8
    corner = rand(batch, num_gts, 2) * 24
    gts = torch.cat([corner, corner + 1 + rand(batch, num_gts, 2) * 10], -1)
    boxes = torch.cat([centers - half, centers + half], -1)
    if coarse and num_gts:  # half of the predictions are the box of some ground truth
        choice = torch.randint(num_gts, (batch, num_priors, 1), generator=generator)
        copies = gts.gather(1, choice.expand(-1, -1, 4))
        boxes = torch.where(rand(batch, num_priors, 1) < 0.5, copies, boxes)
    return dict(
        scores=rand(batch, num_priors, num_classes),
        boxes=boxes,
        priors=PRIORS,
        gt_labels=torch.randint(num_classes, (batch, num_gts), generator=generator),
        gt_boxes=gts,
        gt_mask=torch.rand(batch, num_gts, generator=generator) < 0.7,
        num_level_priors=COUNTS,
    )


SHARED = (
    *("topk", "topk_per_level", "alpha", "beta", "gate_stride"),
    *("soft_target", "force_match", "contested", "eps", "widen_small_sides"),
)


def check_against_reference(rule, batch):
    settings = {name: getattr(rule, name) for name in SHARED}
    metrics = [rule.metric_of(level, len(COUNTS)) for level in range(len(COUNTS))]
    reference = TaskAlignmentReference(metrics, **settings)
    levels = [level for level, count in enumerate(COUNTS) for _ in range(count)]
    got = assign_task_aligned(**batch, rule=rule)
    for image in range(len(batch["boxes"])):
        real = batch["gt_mask"][image]
        numbers = real.nonzero().squeeze(1).tolist()
        gts, labels = batch["gt_boxes"][image][real], batch["gt_labels"][image][real]
        owners, scores = reference.assign(
            batch["scores"][image].tolist(),
            batch["boxes"][image].tolist(),
            batch["priors"].tolist(),
            levels,
            gts.tolist(),
            labels.tolist(),
        )
        expected = [0 if owner is None else numbers[owner] + 1 for owner in owners]
        assert got.gt_inds[image].tolist() == expected
        assert got.scores[image].tolist() == pytest.approx(scores, abs=1e-6)
        positive = got.gt_inds[image] > 0
        k = got.gt_inds[image][positive] - 1
        assert torch.equal(got.labels[image][positive], batch["gt_labels"][image][k])
        assert torch.equal(got.boxes[image][positive], batch["gt_boxes"][image][k])
        assert (got.labels[image][~positive] == -1).all()
        assert (got.boxes[image][~positive] == 0).all()
    return got


class TestAgainstTheReference:
    @pytest.mark.parametrize("seed", range(6))
    @pytest.mark.parametrize("coarse", [False, True])
    def test_yolov8(self, seed, coarse):
        got = check_against_reference(YOLOV8, scene(seed, coarse=coarse))
        assert got.gt_inds.any()

    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("coarse", [False, True])
    @pytest.mark.parametrize("soft_target", ["iou", "dotd"])
    @pytest.mark.parametrize("topk_per_level", [False, True])
    def test_msla(self, seed, coarse, soft_target, topk_per_level):
        rule = replace(MSLA, soft_target=soft_target, topk_per_level=topk_per_level, topk=4)
        check_against_reference(rule, scene(seed, coarse=coarse))

    @hypothesis_settings(max_examples=25, deadline=None)
    @given(
        rule=st.builds(
            TaskAlignmentRule,
            metrics=st.sampled_from(["ciou", "dotd", ("dotd", "dotd", "ciou")]),
            scale=st.just(7.0),
            topk=st.integers(1, 12),
            topk_per_level=st.booleans(),
            alpha=st.sampled_from([0.0, 0.5, 1.0]),
            beta=st.sampled_from([0.0, 1.0, 6.0]),
            gate_stride=st.floats(1.01, 4) | st.just((0.0, 2.0, 0.0)),
            soft_target=st.sampled_from(["iou", "ciou", "dotd"]),
            force_match=st.booleans(),
            contested=st.sampled_from(["choosers", "all"]),
            eps=st.sampled_from([0.0, 1e-9, 0.1]),
            widen_small_sides=st.sampled_from([None, "below_first", "below_second"]),
        ),
        seed=st.integers(0, 10**6),
        coarse=st.booleans(),
        num_gts=st.integers(0, 8),
    )
    def test_any_rule(self, rule, seed, coarse, num_gts):
        check_against_reference(rule, scene(seed, batch=2, num_gts=num_gts, coarse=coarse))

    @pytest.mark.parametrize("seed", range(6))
    @pytest.mark.parametrize("coarse", [False, True])
    def test_crowds(self, seed, coarse):
        # Targets of a few pixels close together take each other's priors.
        batch = scene(seed, num_gts=16, coarse=coarse)
        batch["gt_boxes"] = 10 + batch["gt_boxes"] / 4
        check_against_reference(replace(MSLA, topk_per_level=False), batch)
        check_against_reference(replace(MSLA, contested="all"), batch)
        check_against_reference(YOLOV8, batch)

    @pytest.mark.parametrize("rule", [MSLA, YOLOV8])
    def test_blocks_change_nothing(self, rule):
        batch = scene(3, num_gts=9)
        whole = assign_task_aligned(**batch, rule=rule)
        rows = assign_task_aligned(**batch, rule=rule, block_elements=1)
        assert all(torch.equal(a, b) for a, b in zip(whole, rows, strict=True))

    def test_an_image_does_not_depend_on_its_batch(self):
        batch = scene(4)
        whole = assign_task_aligned(**batch, rule=MSLA)
        for image in range(3):
            one = {
                name: value if name in ("priors", "num_level_priors") else value[image, None]
                for name, value in batch.items()
            }
            alone = assign_task_aligned(**one, rule=MSLA)
            assert all(torch.equal(a[image], b[0]) for a, b in zip(whole, alone, strict=True))


class TestYolov8ByHand:
    """Two points of stride 8, (4, 4) and (12, 4), and what YOLOv8 8.3 makes of them."""

    def run(self, rule, boxes, scores, gts, labels):
        return assign_task_aligned(
            torch.tensor([scores]),
            torch.tensor([boxes]),
            torch.tensor([[4.0, 4, 8, 8], [12, 4, 8, 8]]),
            torch.tensor([labels]),
            torch.tensor([gts]),
            torch.ones(1, len(gts), dtype=torch.bool),
            [2],
            rule,
        )

    def test_targets_of_few_pixels_hardly_count(self):
        # The 16 px prediction about a 4 px target: CIoU 1/16, metric .0001^.5 * 16^-6 = 5.960e-10.
        # Target score 1/16 * 5.960e-10 / (5.960e-10 + 1e-9) = .023341; without eps 1/16.
        one = ([[-4.0, -4, 12, 12], [90, 90, 99, 99]], [[1e-4], [0.5]], [[2.0, 2, 6, 6]], [0])
        assert self.run(YOLOV8, *one).scores[0].tolist() == pytest.approx([0.023341, 0], abs=1e-6)
        without = self.run(replace(YOLOV8, eps=0.0), *one)
        assert without.scores[0].tolist() == pytest.approx([1 / 16, 0])
        # Six times as large a prediction: CIoU 1/36, metric 4.594e-12, target score .000127.
        small = ([[-8.0, -8, 16, 16], [90, 90, 99, 99]], *one[1:])
        assert self.run(YOLOV8, *small).scores[0, 0].item() == pytest.approx(0.00012703, rel=1e-4)

    def test_a_contested_point_goes_to_an_object_that_did_not_choose_it(self):
        # One candidate each. The first two objects hold the first point alone and choose it. The
        # third holds both, has CIoU 1 at the first but a score of .0001 there (metric .01), and
        # chooses the second, where score .81 and IoU .9 (CIoU .8981, metric .4724) stand.
        args = (
            [[0.0, 0, 13, 8], [0, 0, 11.7, 8]],
            [[0.5, 1e-4], [0.5, 0.81]],
            [[0.0, 0, 10, 8], [0, 0, 9, 8], [0, 0, 13, 8]],
            [0, 0, 1],
        )
        one = replace(YOLOV8, topk=1)
        got = self.run(one, *args)
        assert got.gt_inds.tolist() == [[3, 3]]
        # Scaled to the largest overlap, that of the first point: 1 * .01 / .4724 and 1.
        assert got.scores[0].tolist() == pytest.approx([0.02117, 1], abs=1e-4)
        choosers = self.run(replace(one, contested="choosers"), *args)
        assert choosers.gt_inds.tolist() == [[1, 3]]

    def test_a_tie_goes_to_the_first_object_that_the_point_lies_in(self):
        # All three objects are one box; the first has another class and chooses the second point.
        args = (
            [[0.0, 0, 16, 8]] * 2,
            [[0.5, 0.1], [0.4, 0.9]],
            [[0.0, 0, 16, 8]] * 3,
            [1, 0, 0],
        )
        one = replace(YOLOV8, topk=1)
        assert self.run(one, *args).gt_inds.tolist() == [[1, 1]]
        assert self.run(replace(one, contested="choosers"), *args).gt_inds.tolist() == [[2, 1]]

    @pytest.mark.parametrize(
        "below, gates",
        [
            ("below_first", {(7, 7): (16, 16), (8, 8): (8, 8), (7, 20): (16, 20), (2, 8): (16, 8)}),
            ("below_second", {(7, 7): (16, 16), (8, 20): (16, 20), (2, 15): (16, 16)}),
        ],
    )
    def test_small_sides_are_widened_from_version_8_4_on(self, below, gates):
        """Strides 8 and 16, each side by itself, on both levels: 7 px count as 16.

        8 px count as 8 in 8.4.0, and as 16 from 8.4.128 on.
        """
        priors, counts = grid(32, (8, 16))
        rule = replace(YOLOV8, topk=100, widen_small_sides=below)
        for (width, height), gate in gates.items():
            x, y = 13.0, 15.0
            box = torch.tensor([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
            got = assign_task_aligned(
                torch.full((1, len(priors), 1), 0.5),
                box.expand(1, len(priors), 4),
                priors,
                torch.zeros(1, 1, dtype=torch.long),
                box[None, None],
                torch.ones(1, 1, dtype=torch.bool),
                counts,
                rule,
            )
            reach = torch.tensor(gate) / 2
            wanted = ((priors[:, :2] - torch.tensor([x, y])).abs() < reach).all(1)
            assert torch.equal(got.gt_inds[0] > 0, wanted) and wanted.any()

    def test_a_gate_for_each_level(self):
        # 1 px about (8, 4), between the points: only a gate of its own reaches them.
        args = ([[3.0, 0, 13, 8]] * 2, [[0.5]] * 2, [[7.5, 3.5, 8.5, 4.5]], [0])
        assert not self.run(YOLOV8, *args).gt_inds.any()
        wide = replace(YOLOV8, gate_stride=(2.0,))
        assert self.run(wide, *args).gt_inds.tolist() == [[1, 1]]
        with pytest.raises(ValueError, match="gate_stride names 2 levels"):
            self.run(replace(YOLOV8, gate_stride=(2.0, 0)), *args)


class TestEveryGroundTruth:
    def boxes_at(self, *centers, side=3.0):
        centers = torch.tensor(centers, dtype=torch.float32)
        return torch.cat([centers - side / 2, centers + side / 2], 1)

    def run(self, gts, rule=MSLA, scores=None, boxes=None):
        batch = scene(0, batch=1)
        if boxes is not None:
            batch["boxes"] = boxes
        if scores is not None:
            batch["scores"] = scores
        batch |= dict(
            gt_labels=torch.zeros(1, len(gts), dtype=torch.long),
            gt_boxes=gts[None],
            gt_mask=torch.ones(1, len(gts), dtype=torch.bool),
        )
        check_against_reference(rule, batch)
        return assign_task_aligned(**batch, rule=rule)

    def test_between_all_grid_points(self):
        gts = self.boxes_at((16, 16), (16, 5), (27, 16), side=1.0)
        plain = self.run(gts, YOLOV8)
        assert not plain.gt_inds.any()
        got = self.run(gts, replace(MSLA, force_match=False))
        assert set(got.gt_inds.unique().tolist()) == {0, 1, 2, 3}

    @pytest.mark.parametrize("per_level", [False, True])
    def test_a_cluster_that_shares_one_prior(self, per_level):
        # Nine targets about one grid point; the first covers them, and all predictions are its box.
        offsets = [(14 + dx / 2, 14 + dy / 2) for dx in (0, -1, 1) for dy in (0, -1, 1)]
        gts = self.boxes_at(*offsets)
        gts[0] += torch.tensor([-4, -4, 4, 4])
        boxes = gts[0].expand(1, len(PRIORS), 4)
        rule = replace(MSLA, topk_per_level=per_level)
        without = self.run(gts, replace(rule, force_match=False), boxes=boxes)
        assert without.gt_inds.unique().tolist() == [0, 1]  # the first takes it all
        got = self.run(gts, rule, boxes=boxes)
        assert got.gt_inds.unique().tolist() == list(range(10))
        # The first keeps its best, the others are at most four points away.
        where = PRIORS[got.gt_inds[0] > 0, :2]
        assert ((where - 14).norm(dim=1) <= 4 * math.sqrt(2)).all()

    def test_identical_targets(self):
        got = self.run(self.boxes_at(*[(14, 14)] * 12))
        assert got.gt_inds.unique().tolist() == list(range(13))

    def test_more_targets_than_priors(self):
        got = self.run(self.boxes_at(*[(14, 14)] * (len(PRIORS) + 5)))
        assert (got.gt_inds > 0).all()
        assert got.gt_inds.unique().tolist() == list(range(1, len(PRIORS) + 1))

    @pytest.mark.parametrize("broken", [math.nan, math.inf, 0.0])
    def test_predictions_that_are_none(self, broken):
        gts = self.boxes_at((8, 8), (21, 5))
        boxes = torch.full((1, len(PRIORS), 4), broken)
        if broken == math.inf:  # the reference knows no infinity
            batch = scene(0, batch=1) | dict(boxes=boxes, gt_boxes=gts[None])
            batch |= dict(gt_labels=torch.zeros(1, 2, dtype=torch.long))
            batch |= dict(gt_mask=torch.ones(1, 2, dtype=torch.bool))
            got = assign_task_aligned(**batch, rule=MSLA)
        else:
            got = self.run(gts, boxes=boxes)
        assert got.gt_inds.unique().tolist() == [0, 1, 2]
        assert got.scores.isfinite().all()

    def test_scores_that_are_zero_or_nan(self):
        scores = torch.zeros(1, len(PRIORS), 2)
        scores[0, ::2] = math.nan
        got = self.run(self.boxes_at((8, 8), (21, 5)), scores=scores)
        assert got.gt_inds.unique().tolist() == [0, 1, 2]

    def test_what_is_no_box_is_left_out(self):
        gts = torch.tensor([[5, 5, 5, 9], [9, 9, 5, 5], [math.nan, 0, 4, 4], [0, 0, 1.5, 1.5]])
        batch = scene(0, batch=1) | dict(
            gt_boxes=gts[None],
            gt_labels=torch.tensor([[0, 0, 0, 1]]),
            gt_mask=torch.ones(1, 4, dtype=torch.bool),
        )
        got = assign_task_aligned(**batch, rule=MSLA)
        assert got.gt_inds.unique().tolist() == [0, 4]


class TestNothing:
    @pytest.mark.parametrize("rule", [MSLA, YOLOV8])
    def test_no_targets_in_any_image(self, rule):
        batch = scene(0)
        for mask in (torch.zeros(3, 5, dtype=torch.bool), torch.zeros(3, 0, dtype=torch.bool)):
            num_gts = mask.size(1)
            batch |= dict(gt_mask=mask, gt_boxes=batch["gt_boxes"][:, :num_gts])
            batch |= dict(gt_labels=batch["gt_labels"][:, :num_gts])
            got = assign_task_aligned(**batch, rule=rule)
            assert got.gt_inds.shape == got.scores.shape == (3, len(PRIORS))
            assert not got.gt_inds.any() and not got.scores.any() and not got.boxes.any()
            assert (got.labels == -1).all()

    def test_no_targets_in_one_image(self):
        batch = scene(0)
        batch["gt_mask"][1] = False
        got = check_against_reference(MSLA, batch)
        assert not got.gt_inds[1].any() and got.gt_inds[0].any()

    def test_no_priors(self):
        batch = scene(0) | dict(priors=PRIORS[:0], num_level_priors=[0, 0, 0])
        batch |= dict(boxes=torch.zeros(3, 0, 4), scores=torch.zeros(3, 0, 2))
        assert assign_task_aligned(**batch, rule=MSLA).boxes.shape == (3, 0, 4)

    def test_padding_is_not_looked_at(self):
        batch = scene(1)
        expected = assign_task_aligned(**batch, rule=MSLA)
        padding = ~batch["gt_mask"]
        batch["gt_boxes"][padding] = math.nan
        batch["gt_labels"][padding] = -7
        got = assign_task_aligned(**batch, rule=MSLA)
        assert all(torch.equal(a, b) for a, b in zip(got, expected, strict=True))


class TestTypes:
    def test_half_precision_counts_in_single(self):
        batch = scene(2, coarse=True)  # quarters are exact in half precision
        expected = assign_task_aligned(**batch, rule=MSLA)
        for name in ("scores", "boxes", "gt_boxes", "priors"):
            batch[name] = batch[name].half()
        got = assign_task_aligned(**batch, rule=MSLA)
        assert got.scores.dtype == got.boxes.dtype == torch.float32
        assert all(torch.equal(a, b) for a, b in zip(got, expected, strict=True))

    def test_no_gradients(self):
        batch = scene(2)
        batch["scores"].requires_grad_()
        batch["boxes"].requires_grad_()
        assert not assign_task_aligned(**batch, rule=MSLA).scores.requires_grad

    @pytest.mark.gpu
    def test_cuda_equals_cpu(self):
        batch = scene(5, num_gts=20)
        expected = assign_task_aligned(**batch, rule=MSLA)
        moved = {k: v.cuda() if isinstance(v, torch.Tensor) else v for k, v in batch.items()}
        got = assign_task_aligned(**moved, rule=MSLA)
        assert torch.equal(got.gt_inds.cpu(), expected.gt_inds)
        assert torch.allclose(got.scores.cpu(), expected.scores, atol=1e-6)

    def test_same_result_in_deterministic_mode(self):
        expected = assign_task_aligned(**scene(6), rule=MSLA)
        torch.use_deterministic_algorithms(True)
        try:
            got = assign_task_aligned(**scene(6), rule=MSLA)
        finally:
            torch.use_deterministic_algorithms(False)
        assert all(torch.equal(a, b) for a, b in zip(got, expected, strict=True))


class TestRefused:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (dict(), r"metrics\[0\] is 'dotd', which needs scale"),
            (dict(metrics=("ciou", "dotd")), r"metrics\[1\] is 'dotd', which needs scale"),
            (dict(metrics="ciou", soft_target="dotd"), "soft_target is 'dotd', which needs scale"),
            (dict(scale=0), "scale, .* above 0, but got 0"),
            (dict(scale=-7.0), "scale, .* above 0, but got -7.0"),
            (dict(metrics="iou"), "metrics must be one of dotd, ciou.* got 'iou'"),
            (dict(metrics=()), r"metrics must be .* got \(\)"),
            (dict(metrics="ciou", topk=0), "topk must be a whole number from 1 on, but got 0"),
            (dict(metrics="ciou", alpha=-1), "alpha must be at least 0, but got -1"),
            (dict(metrics="ciou", beta=-1), "beta must be at least 0, but got -1"),
            (dict(scale=7, gate_stride=1.0), "gate_stride must be above 1, but got 1.0"),
            (dict(scale=7, gate_stride=(2, 0.5)), r"0 and numbers above 1, .* but got \(2, 0.5\)"),
            (
                dict(scale=7, contested="some"),
                "contested must be 'choosers' or 'all', but got 'some'",
            ),
            (dict(scale=7, eps=-1e-9), "eps must be in .0, 1., but got -1e-09"),
            (dict(metrics="ciou", soft_target="giou"), "soft_target must be one of iou, ciou"),
        ],
    )
    def test_rules(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            TaskAlignmentRule(**arguments)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            (dict(scores=torch.full((3, len(PRIORS), 2), -4.6)), "scores_are_logits=True"),
            (dict(gt_labels=torch.full((3, 5), 2)), "labels run from 2 to 2.*num_classes=2"),
            (dict(num_level_priors=[64, 20]), r"metrics names 3 levels .* predictions have 2"),
            (dict(num_level_priors=[64, 16, 3]), "add up to 83, but there are 84 priors"),
            (
                dict(boxes=torch.zeros(3, 9, 4)),
                r"boxes must have shape \(3, 84, 4\), .* \(3, 9, 4\)",
            ),
            (dict(priors=PRIORS[:, :2]), r"priors must have shape \(84, 4\)"),
        ],
    )
    def test_batches(self, changes, message):
        with pytest.raises(ValueError, match=message):
            assign_task_aligned(**(scene(0) | changes), rule=MSLA)
