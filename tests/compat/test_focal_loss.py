"""Focal losses through mmcv's wrappers against a slow reference, their gradients, and limits."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmcv.ops import SigmoidFocalLoss, SoftmaxFocalLoss, sigmoid_focal_loss, softmax_focal_loss
from mmdet.models.losses import FocalLoss

from adla.compat.mmcv_ops import focal_loss as ops

from . import reference_focal_loss as reference

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
LOSSES = {
    "sigmoid": (sigmoid_focal_loss, SigmoidFocalLoss, reference.sigmoid_focal_loss),
    "softmax": (softmax_focal_loss, SoftmaxFocalLoss, reference.softmax_focal_loss),
}
GAMMAS = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.7])
WEIGHT = [0.5, 2.0, 1.25]
# Two rows, three classes, each class and none of them.
ROWS = st.lists(
    st.tuples(st.tuples(*[st.floats(-100, 100)] * 3), st.sampled_from([-1, 0, 1, 2])), max_size=4
)


def tensors(rows, dtype=torch.float64, device="cpu"):
    logits = torch.tensor([row for row, _ in rows], dtype=dtype, device=device).reshape(-1, 3)
    return logits, torch.tensor([target for _, target in rows], dtype=torch.long, device=device)


def sample(count=40, seed=0):
    """Return logits (N, 3), exact in half precision, and targets; 3 is background."""
    chance = torch.Generator().manual_seed(seed)
    logits = torch.randint(-48, 48, (count, 3), generator=chance) / 8
    return logits, torch.randint(0, 4, (count,), generator=chance)


@pytest.mark.parametrize("kind", LOSSES)
@settings(deadline=None)
@given(ROWS, GAMMAS, st.floats(0, 1), st.booleans())
def test_values(kind, rows, gamma, alpha, weighted):
    loss, _, slow = LOSSES[kind]
    logits, targets = tensors(rows)
    weight = torch.tensor(WEIGHT, dtype=torch.float64) if weighted else None
    found = loss(logits, targets, gamma, alpha, weight, "none")
    wanted = [slow(row, t, gamma, alpha, WEIGHT if weighted else None) for row, t in rows]
    wanted = torch.tensor(wanted, dtype=torch.float64).reshape(found.shape)
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-30)


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_modules_and_reductions(kind, weighted, reduction):
    _, module, slow = LOSSES[kind]
    logits, targets = sample()
    targets = targets % 3
    weight = torch.tensor(WEIGHT) if weighted else None
    found = module(2.0, 0.25, weight, reduction)(logits, targets)
    given_ = zip(logits.tolist(), targets.tolist(), strict=True)
    wanted = torch.tensor(
        [slow(row, t, 2.0, 0.25, WEIGHT if weighted else None) for row, t in given_]
    )
    wanted = {"none": wanted, "sum": wanted.sum(), "mean": wanted.sum() / 40}[reduction]
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", LOSSES)
@given(
    st.lists(
        st.tuples(st.tuples(*[st.floats(-8, 8)] * 3), st.integers(0, 2)), min_size=1, max_size=4
    ),
    GAMMAS,
    st.floats(0.1, 0.9),
    st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_gradients(kind, device, rows, gamma, alpha, weighted):
    loss = LOSSES[kind][0]
    logits, targets = tensors(rows, device=device)
    targets[0] = 3 if kind == "sigmoid" else -1  # a row without a class
    weight = torch.tensor(WEIGHT, dtype=torch.float64, device=device) if weighted else None
    for reduction in ("sum", "mean"):
        torch.autograd.gradcheck(
            lambda x, r=reduction: loss(x, targets, gamma, alpha, weight, r),
            logits.requires_grad_(),
        )


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_logits_of_100(dtype, device):
    logits = torch.tensor([[100.0, -100.0]] * 3, dtype=dtype, device=device).requires_grad_()
    targets = torch.tensor([0, 1, 2], device=device)
    losses = sigmoid_focal_loss(logits, targets, 2.0, 0.25, None, "none")
    losses.sum().backward()
    assert losses.tolist() == [[0, 0], [75, 25], [75, 0]]
    assert logits.grad.tolist() == [[0, 0], [0.75, -0.25], [0.75, 0]]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_a_softmax_of_0_and_1(gamma, dtype, device):
    logits = torch.tensor([[100.0, -100.0]] * 3, dtype=dtype, device=device).requires_grad_()
    targets = torch.tensor([0, 1, -1], device=device)
    losses = softmax_focal_loss(logits, targets, gamma, 0.25, None, "none")
    softmax_focal_loss(logits, targets, gamma, 0.25, None, "sum").backward()
    wanted = torch.tensor([0, 0.25 * 126 * math.log(2), 0]).to(dtype)
    torch.testing.assert_close(losses.detach().cpu(), wanted)
    assert logits.grad.tolist() == [[0, 0], [0.25, -0.25], [0, 0]]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("kind", LOSSES)
def test_types_and_devices(kind, dtype, device):
    loss, _, slow = LOSSES[kind]
    logits, targets = sample()
    targets = targets if kind == "sigmoid" else targets - 1
    found = loss(logits.to(device, dtype), targets.to(device), 2.0, 0.25, None, "none")
    given_ = zip(logits.tolist(), targets.tolist(), strict=True)
    wanted = torch.tensor([slow(row, target, 2.0, 0.25) for row, target in given_])
    assert (found.dtype, found.device.type) == (dtype, device)
    eps = torch.finfo(dtype).eps
    # The wrapper of the softmax rounds the probabilities themselves.
    torch.testing.assert_close(found.float().cpu(), wanted, rtol=4 * eps, atol=2 * eps)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_autocast(dtype, device):
    weight = torch.eye(3, device=device).requires_grad_()
    logits, targets = (tensor.to(device) for tensor in sample())
    with torch.autocast(device, dtype=dtype):
        loss = sigmoid_focal_loss(logits @ weight, targets, 2.0, 0.25, None, "none")
    loss.sum().backward()
    low = weight.grad.clone()
    weight.grad = None
    sigmoid_focal_loss(logits @ weight, targets, 2.0, 0.25, None, "none").sum().backward()
    torch.testing.assert_close(low, weight.grad, rtol=0.05, atol=0.5)


def test_mmdets_two_ways_agree():
    """On CUDA mmdet's loss calls mmcv's op and on the CPU its own; both must give the same."""
    logits, targets = sample()
    wanted = FocalLoss(loss_weight=1.5)(logits, targets, avg_factor=7.0)
    found = 1.5 * sigmoid_focal_loss(logits, targets, 2.0, 0.25, None, "sum") / 7.0
    torch.testing.assert_close(found, wanted)


@pytest.mark.gpu
def test_mmdets_loss_on_a_gpu():
    logits, targets = sample()
    wanted = FocalLoss()(logits, targets)
    torch.testing.assert_close(FocalLoss()(logits.cuda(), targets.cuda()).cpu(), wanted)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("shape", [(0, 3), (0, 1)])
@pytest.mark.parametrize("kind", LOSSES)
def test_no_rows(kind, shape, device):
    logits = torch.zeros(shape, device=device).requires_grad_()
    targets = torch.zeros(0, dtype=torch.long, device=device)
    loss = LOSSES[kind][0](logits, targets, 2.0, 0.25, None, "sum")
    loss.backward()
    assert loss.item() == 0 and logits.grad.shape == shape


def test_no_classes():
    loss = sigmoid_focal_loss(torch.zeros(2, 0), torch.zeros(2).long(), 2.0, 0.25, None, "none")
    assert loss.shape == (2, 0)


def test_background_has_the_weight_1():
    logits, weight = torch.zeros(2, 3), torch.tensor(WEIGHT)
    losses = sigmoid_focal_loss(logits, torch.tensor([3, 1]), 2.0, 0.25, weight, "none")
    plain = sigmoid_focal_loss(logits, torch.tensor([3, 1]), 2.0, 0.25, None, "none")
    torch.testing.assert_close(losses, plain * torch.tensor([[1.0], [2.0]]))


class TestRefused:
    LOGITS, TARGETS, NONE = torch.zeros(2, 3), torch.tensor([0, 1]), torch.zeros(0)
    CASES = (
        (LOGITS, TARGETS[:1], NONE, r"target must have shape \(2,\), but got \(1,\)"),
        (LOGITS[0], TARGETS, NONE, r"input must have shape \(N, N\), but got \(3,\)"),
        (LOGITS, TARGETS, torch.ones(2), r"weight must have shape \(3,\), but got \(2,\)"),
        (LOGITS.long(), TARGETS, NONE, "input must hold floating point numbers, but got"),
        (LOGITS, TARGETS.to("meta"), NONE, "input on cpu, target on meta, weight on cpu"),
    )

    @pytest.mark.parametrize(("logits", "targets", "weight", "message"), CASES)
    def test_by_each_op(self, logits, targets, weight, message):
        out = torch.zeros(2, 3)
        for call in (
            ops.sigmoid_focal_loss_forward,
            ops.sigmoid_focal_loss_backward,
            ops.softmax_focal_loss_forward,
        ):
            with pytest.raises(ValueError, match=message):
                call(logits, targets, weight, out, gamma=2.0, alpha=0.25)
        with pytest.raises(ValueError, match=message):
            ops.softmax_focal_loss_backward(
                logits, targets, weight, out[:, 0], out, gamma=2.0, alpha=0.25
            )

    @pytest.mark.parametrize("device", DEVICES)
    def test_a_class_that_is_none(self, device):
        logits, targets = torch.zeros(2, 3, device=device), torch.tensor([0, 3], device=device)
        with pytest.raises(ValueError, match="classes below 3, or negative"):
            softmax_focal_loss(logits, targets, 2.0, 0.25, None, "sum")
