"""NMS through mmcv's wrappers against a slow reference, and what is refused."""

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mmcv.ops import batched_nms, nms, nms_match, soft_nms

from adla.compat.mmcv_ops import nms as ops

from . import reference_nms as reference

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
METHODS = ["naive", "linear", "gaussian"]
# Few values, so that boxes coincide, have no area, and scores are equal.
COORDINATES = st.one_of(st.integers(0, 8).map(float), st.floats(0, 8))
BOXES = st.tuples(COORDINATES, COORDINATES, COORDINATES, COORDINATES).map(
    lambda box: (min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3]))
)
SCORES = st.sampled_from([0.0, 0.05, 0.3, 0.5, 0.8, 1.0])
DETECTIONS = st.lists(st.tuples(BOXES, SCORES), max_size=12)
THRESHOLDS = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 0.6, 1.0]), st.floats(0, 1))
POINTS = [((3.0, 1.0, 3.0, 1.0), 0.5)] * 3 + [((4.0, 3.0, 5.0, 3.0), 0.5)]


def tensors(detections, dtype=torch.float64, device="cpu"):
    boxes = torch.tensor([box for box, _ in detections], dtype=dtype, device=device)
    scores = torch.tensor([score for _, score in detections], dtype=dtype, device=device)
    return boxes.reshape(-1, 4), scores


def scattered(count, seed=0, dtype=torch.float32):
    """Return boxes on whole pixels and scores in steps of 1/256, both exact in half precision."""
    chance = torch.Generator().manual_seed(seed)
    corners = torch.randint(0, 60, (count, 2), generator=chance)
    boxes = torch.cat([corners, corners + torch.randint(0, 16, (count, 2), generator=chance)], 1)
    scores = torch.randint(1, 256, (count,), generator=chance) / 256
    return boxes.to(dtype), scores.to(dtype)


@settings(deadline=None)
@given(DETECTIONS, THRESHOLDS, st.sampled_from([0, 1]))
@example([], 0.5, 1)
@example([((0.0, 0.0, 2.0, 2.0), 0.5)], 0.5, 0)
@example(POINTS, 0.0, 0)
def test_nms(detections, threshold, offset):
    boxes, scores = tensors(detections)
    if offset:  # the sum of a coordinate and 1 is rounded here, and not in the reference
        boxes = boxes.round()
    dets, kept = nms(boxes, scores, threshold, offset=offset)
    assert kept.tolist() == reference.nms(boxes.tolist(), scores.tolist(), threshold, offset)
    assert kept.dtype == torch.int64
    assert torch.equal(dets, torch.cat([boxes, scores[:, None]], 1)[kept])


@settings(deadline=None)
@given(DETECTIONS, THRESHOLDS, st.sampled_from(METHODS), st.sampled_from([0, 1]))
@example(POINTS, 0.0, "gaussian", 0)
def test_soft_nms(detections, threshold, method, offset):
    threshold = max(threshold, 0.01)  # boxes without area have no IoU, which is not a match at 0
    boxes, scores = tensors(detections)
    dets, kept = soft_nms(boxes, scores, threshold, 0.5, 0.04, method, offset)
    wanted, rescored = reference.soft_nms(
        boxes.tolist(), scores.tolist(), threshold, 0.5, 0.04, method, offset
    )
    assert kept.tolist() == wanted
    assert torch.equal(dets[:, :4], boxes[kept])
    np.testing.assert_allclose(dets[:, 4], rescored, rtol=1e-14)


@settings(deadline=None)
@given(DETECTIONS, THRESHOLDS)
@example(POINTS, 0.1)
def test_nms_match(detections, threshold):
    threshold = max(threshold, 0.01)  # as above
    boxes, scores = tensors(detections)
    groups = nms_match(torch.cat([boxes, scores[:, None]], 1), threshold)
    wanted = reference.nms_match(boxes.tolist(), scores.tolist(), threshold)
    assert [group.tolist() for group in groups] == wanted


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("offset", [0, 1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_types_and_devices(dtype, offset, device):
    boxes, scores = scattered(150)
    wanted = reference.nms(boxes.tolist(), scores.tolist(), 0.45, offset)
    given_ = boxes.to(device, dtype), scores.to(device, dtype)
    dets, kept = nms(*given_, 0.45, offset=offset)
    assert kept.tolist() == wanted and 10 < len(wanted) < 150
    assert (dets.dtype, dets.device.type, kept.device.type) == (dtype, device, device)
    for method in METHODS:
        arguments = (0.45, 0.5, 0.04, method, offset)
        indices, rescored = reference.soft_nms(boxes.tolist(), scores.tolist(), *arguments)
        dets, kept = soft_nms(*given_, *arguments)
        assert set(kept.tolist()) == set(indices) and dets.dtype == dtype
        assert kept.device.type == device
        order = torch.tensor([indices.index(index) for index in kept.tolist()])
        wanted_scores = torch.tensor(rescored)[order]
        torch.testing.assert_close(
            dets[:, 4].float().cpu(), wanted_scores, rtol=torch.finfo(dtype).eps * 4, atol=1e-6
        )
    groups = nms_match(torch.cat([given_[0], given_[1][:, None]], 1), 0.45)
    assert [group.tolist() for group in groups] == reference.nms_match(
        boxes.tolist(), scores.tolist(), 0.45
    )


def test_an_iou_of_the_threshold():
    # 3 / 5 is more than 0.6 in float64 and less in float32; nms keeps it, the others act on it.
    boxes = torch.tensor([[0.0, 0, 4, 1], [1, 0, 5, 1]])
    scores = torch.tensor([0.9, 0.8])
    assert nms(boxes, scores, 0.6)[1].tolist() == [0, 1]
    assert nms(boxes, scores, 0.59)[1].tolist() == [0]
    assert soft_nms(boxes, scores, 0.6, method="naive")[1].tolist() == [0]
    assert [g.tolist() for g in nms_match(torch.cat([boxes, scores[:, None]], 1), 0.6)] == [[0, 1]]


@pytest.mark.parametrize("device", DEVICES)
def test_equal_scores_keep_their_order(device):
    boxes = torch.arange(3000.0, device=device)[:, None] * 10 + torch.tensor(
        [0.0, 0, 5, 5], device=device
    )
    scores = torch.full((3000,), 0.5, device=device)
    assert torch.equal(nms(boxes, scores, 0.5)[1].cpu(), torch.arange(3000))
    order = [int(group) for group in nms_match(torch.cat([boxes, scores[:, None]], 1), 0.5)]
    assert order == list(range(3000))


@pytest.mark.parametrize("kind", ["nms", "soft_nms"])
@pytest.mark.parametrize("split_thr", [10000, 10])
def test_batched_nms(kind, split_thr):
    boxes, scores = scattered(120)
    classes = torch.arange(120) % 3
    cfg = {"type": kind, "iou_threshold": 0.4, "split_thr": split_thr}
    dets, kept = batched_nms(boxes, scores, classes, cfg)
    wanted = {}
    for number in range(3):
        mine = (classes == number).nonzero()[:, 0].tolist()
        arguments = ([boxes[i].tolist() for i in mine], [scores[i].item() for i in mine], 0.4)
        if kind == "nms":
            wanted |= {mine[i]: scores[mine[i]].item() for i in reference.nms(*arguments)}
        else:
            taken = reference.soft_nms(*arguments, 0.5, 1e-3, "linear")
            wanted |= {mine[i]: score for i, score in zip(*taken, strict=True)}
    assert set(kept.tolist()) == set(wanted)
    assert torch.equal(dets[:, 4], dets[:, 4].sort(descending=True)[0])
    np.testing.assert_allclose(dets[:, 4], [wanted[i] for i in kept.tolist()], rtol=1e-5)


def test_numpy_and_the_other_arguments():
    boxes, scores = scattered(100)
    dets, kept = nms(boxes.numpy(), scores.numpy(), 0.4, score_threshold=0.5, max_num=7)
    sure = (scores > 0.5).nonzero()[:, 0].tolist()
    wanted = reference.nms(boxes[sure].tolist(), scores[sure].tolist(), 0.4)[:7]
    assert isinstance(dets, np.ndarray) and kept.tolist() == [sure[i] for i in wanted]


def test_the_same_again_and_again():
    boxes, scores = scattered(1000)
    first = nms(boxes, scores, 0.5)[1], soft_nms(boxes, scores, 0.5)[0]
    for _ in range(3):
        assert torch.equal(nms(boxes, scores, 0.5)[1], first[0])
        assert torch.equal(soft_nms(boxes, scores, 0.5)[0], first[1])


@pytest.mark.parametrize("device", DEVICES)
def test_no_boxes(device):
    boxes, scores = torch.zeros(0, 4, device=device), torch.zeros(0, device=device)
    for dets, kept in (nms(boxes, scores, 0.5), soft_nms(boxes, scores, 0.5)):
        assert dets.shape == (0, 5) and kept.shape == (0,) and kept.dtype == torch.int64
    assert nms_match(torch.zeros(0, 5, device=device), 0.5) == []


class TestRefused:
    BOXES = torch.tensor([[0.0, 0, 4, 4], [1, 1, 5, 5], [9, 9, 9, 9]])
    SCORES = torch.tensor([0.5, 0.4, 0.3])
    CASES = (
        (BOXES.log().neg().sqrt(), SCORES, "boxes hold NaN in 3 of 3 rows .the first is row 0"),
        (BOXES, torch.tensor([0.5, 0.4, float("nan")]), "scores hold NaN in 1 of 3 rows .* row 2"),
        (BOXES, SCORES[:2], r"scores must have shape \(3,\), but got \(2,\)"),
        (BOXES, SCORES[:, None], r"scores must have shape \(3,\), but got \(3, 1\)"),
        (BOXES[:, :3], SCORES, r"boxes must have shape \(N, 4\), but got \(3, 3\)"),
        (BOXES.long(), SCORES, r"boxes must hold floating .* torch.int64: pass boxes.float\(\)"),
        (BOXES, SCORES.to("meta"), "one device, but got boxes on cpu, scores on meta"),
    )

    @pytest.mark.parametrize(("boxes", "scores", "message"), CASES)
    def test_by_each_op(self, boxes, scores, message):
        with pytest.raises(ValueError, match=message):
            ops.nms(boxes, scores, iou_threshold=0.5, offset=0)
        with pytest.raises(ValueError, match=message):
            ops.softnms(boxes, scores, torch.empty(3, 5), 0.5, 0.5, 0.0, 1, 0)

    def test_by_the_wrappers(self):
        boxes = self.BOXES.clone()
        boxes[1, 2] = torch.nan
        for call in (nms, soft_nms):
            with pytest.raises(ValueError, match="boxes hold NaN in 1 of 3 rows"):
                call(boxes, self.SCORES, 0.5)
        with pytest.raises(ValueError, match="boxes hold NaN in 1 of 3 rows"):
            nms_match(torch.cat([boxes, self.SCORES[:, None]], 1), 0.5)

    def test_shapes_of_dets(self):
        with pytest.raises(ValueError, match=r"dets must have shape \(3, 5\), but got \(3, 4\)"):
            ops.softnms(self.BOXES, self.SCORES, torch.empty(3, 4), 0.5, 0.5, 0.0, 1, 0)
        with pytest.raises(ValueError, match=r"dets must have shape \(N, 5\), but got \(3, 4\)"):
            ops.nms_match(self.BOXES, 0.5)

    @pytest.mark.gpu
    def test_two_devices(self):
        with pytest.raises(ValueError, match="boxes on cuda:0, scores on cpu"):
            nms(self.BOXES.cuda(), self.SCORES, 0.5)


class Suppress(torch.nn.Module):
    def forward(self, boxes, scores, classes):
        return batched_nms(boxes, scores, classes, {"type": "nms", "iou_threshold": 0.5})[0]


def test_onnx_export(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    boxes, scores = scattered(40)
    scores = (torch.randperm(40, generator=torch.Generator().manual_seed(0)) + 1) / 41
    given_ = {"boxes": boxes, "scores": scores, "classes": torch.arange(40) % 2}
    path = str(tmp_path / "nms.onnx")
    torch.onnx.export(
        Suppress(), tuple(given_.values()), path, input_names=list(given_), dynamo=False
    )
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (dets,) = session.run(None, {name: value.numpy() for name, value in given_.items()})
    np.testing.assert_allclose(dets, Suppress()(*given_.values()), rtol=1e-5)
