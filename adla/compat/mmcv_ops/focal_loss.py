"""Focal loss (Lin et al., ICCV 2017) of a sigmoid and of a softmax, and its gradients.

That of a sigmoid is written with ``log(sigmoid(x))`` as one function, so that logits of any size
give the exact loss. Half precision is computed in float32.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from .checks import check_devices, check_floating, check_shape

SMALLEST = torch.finfo(torch.float32).tiny  # below it mmcv's kernels clip a probability


def sigmoid_focal_loss_forward(
    input: Tensor, target: Tensor, weight: Tensor, output: Tensor, gamma: float, alpha: float
) -> None:
    """Write the loss of each logit.

    With p the probability of the truth, it is ``-a (1 - p)^gamma log(p)``, where a is `alpha` for
    the class of the row and ``1 - alpha`` for the others.

    Args:
        input: Logits, shape (N, C).
        target: Classes, shape (N,); a value outside [0, C) is background.
        weight: Weight of each class as the row's target, shape (C,), or empty. Background has 1.
        output: Receives the losses, shape (N, C).
        gamma: Exponent, at least 0.
        alpha: Share of the positive term, in [0, 1].

    Raises:
        ValueError: Shapes, types or devices do not fit.
    """
    _check(input, target, weight)
    if input.numel():
        logits = _at_least_float32(input)
        known, classes = _classes(target, input.shape[1])
        losses = _loss(logits, gamma).mul_(1 - alpha)
        truths = alpha * _loss(-logits.gather(1, classes), gamma)
        losses.scatter_(1, classes, torch.where(known, truths, losses.gather(1, classes)))
        output.copy_(_weigh(losses, known, classes, weight))


def sigmoid_focal_loss_backward(
    input: Tensor, target: Tensor, weight: Tensor, grad_input: Tensor, gamma: float, alpha: float
) -> None:
    """Write the derivative of each loss by its logit; arguments as those of the forward function.

    Raises:
        ValueError: Shapes, types or devices do not fit.
    """
    _check(input, target, weight)
    if input.numel():
        logits = _at_least_float32(input)
        known, classes = _classes(target, input.shape[1])
        slopes = _slope(logits, gamma).mul_(1 - alpha)
        truths = -alpha * _slope(-logits.gather(1, classes), gamma)
        slopes.scatter_(1, classes, torch.where(known, truths, slopes.gather(1, classes)))
        grad_input.copy_(_weigh(slopes, known, classes, weight))


def softmax_focal_loss_forward(
    input: Tensor, target: Tensor, weight: Tensor, output: Tensor, gamma: float, alpha: float
) -> None:
    """Write the loss ``-alpha (1 - p)^gamma log(p)`` of each row, p being that of its class.

    Args:
        input: Probabilities, shape (N, C); below 1.2e-38 one counts as that.
        target: Classes in [0, C), shape (N,); a row with a negative one has no loss.
        weight: Weight of each class, shape (C,), or empty.
        output: Receives the losses, shape (N,).
        gamma: Exponent, at least 0.
        alpha: Factor.

    Raises:
        ValueError: Shapes, types or devices do not fit, or a target is C or more.
    """
    p, known, classes = _true_class(input, target, weight)
    losses = -alpha * (1 - p).pow(gamma) * p.clamp(min=SMALLEST).log()
    output.copy_(_weigh(losses * known, known, classes, weight)[:, 0])


def softmax_focal_loss_backward(
    input: Tensor,
    target: Tensor,
    weight: Tensor,
    buff: Tensor,
    grad_input: Tensor,
    gamma: float,
    alpha: float,
) -> None:
    """Write the derivatives by the logits beneath the softmax.

    Args:
        input: Probabilities, shape (N, C).
        target: Classes, shape (N,).
        weight: Weight of each class, shape (C,), or empty.
        buff: Receives p times the derivative by p, shape (N,).
        grad_input: Receives the derivatives, shape (N, C).
        gamma: As in the forward function.
        alpha: As in the forward function.

    Raises:
        ValueError: Shapes, types or devices do not fit, or a target is C or more.
    """
    p, known, classes = _true_class(input, target, weight)
    rest = 1 - p
    steep = gamma * rest.pow(gamma - 1) * p * p.clamp(min=SMALLEST).log()
    steep = torch.where(rest > 0, steep, 0)  # for gamma < 1 the power alone is infinite there
    terms = _weigh(alpha * (steep - rest.pow(gamma)) * known, known, classes, weight)
    buff.copy_(terms[:, 0])
    slopes = -terms * _at_least_float32(input)
    grad_input.copy_(slopes.scatter_(1, classes, slopes.gather(1, classes) + terms))


def _check(input: Tensor, target: Tensor, weight: Tensor) -> None:
    """Check what all four functions are called with."""
    check_shape("input", input, None, None)
    check_shape("target", target, len(input))
    if weight.numel():
        check_shape("weight", weight, input.shape[1])
    check_floating(input=input, weight=weight)
    check_devices(input=input, target=target, weight=weight)


def _at_least_float32(tensor: Tensor) -> Tensor:
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def _loss(logits: Tensor, gamma: float) -> Tensor:
    """Return the loss of background, ``-p^gamma log(1 - p)`` with ``p = sigmoid(logit)``."""
    return logits.sigmoid().pow_(gamma).mul_(logsigmoid(-logits)).neg_()


def _slope(logits: Tensor, gamma: float) -> Tensor:
    """Return the derivative of `_loss`, ``p^gamma (p - gamma (1 - p) log(1 - p))``."""
    p = logits.sigmoid()
    inner = logsigmoid(-logits).mul_(1 - p).mul_(-gamma).add_(p)
    return inner.mul_(p.pow_(gamma))


def _classes(target: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return whether a row has a class, (N, 1), and the class, or any where it has none, (N, 1)."""
    target = target[:, None]
    return (target >= 0) & (target < count), target.clamp(0, count - 1)


def _weigh(values: Tensor, known: Tensor, classes: Tensor, weight: Tensor) -> Tensor:
    """Multiply the rows of values by the weights of their classes."""
    if not weight.numel():
        return values
    return values * torch.where(known, weight[classes].to(values), 1)


def _true_class(input: Tensor, target: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the probabilities (N, 1) of the rows' classes, and what `_classes` returns."""
    _check(input, target, weight)
    if (target >= input.shape[1]).any():
        raise ValueError(
            f"target must hold classes below {input.shape[1]}, or negative values for rows without "
            f"loss, but got {int(target.max())}"
        )
    known, classes = _classes(target, input.shape[1])
    return _at_least_float32(input).gather(1, classes), known, classes


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sigmoid_focal_loss_forward": sigmoid_focal_loss_forward,
    "sigmoid_focal_loss_backward": sigmoid_focal_loss_backward,
    "softmax_focal_loss_forward": softmax_focal_loss_forward,
    "softmax_focal_loss_backward": softmax_focal_loss_backward,
}
