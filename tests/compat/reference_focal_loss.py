"""Focal loss of single logits in Python's floats, and of rows by their softmax."""

import math


def log_sigmoid(x):
    return -math.log1p(math.exp(-x)) if x > 0 else x - math.log1p(math.exp(x))


def sigmoid_focal_loss(logits, target, gamma, alpha, weight=None):
    """Return the losses of one row of logits."""
    losses = []
    for index, logit in enumerate(logits):
        truth = logit if index == target else -logit
        share = alpha if index == target else 1 - alpha
        wrong = math.exp(log_sigmoid(-truth))
        losses.append(-share * wrong**gamma * log_sigmoid(truth))
    known = weight is not None and 0 <= target < len(logits)
    return [loss * (weight[target] if known else 1) for loss in losses]


def softmax_focal_loss(logits, target, gamma, alpha, weight=None):
    """Return the loss of one row; a probability below float32's smallest counts as that."""
    if target < 0:
        return 0.0
    most = max(logits)
    p = math.exp(logits[target] - most) / sum(math.exp(logit - most) for logit in logits)
    loss = -alpha * (1 - p) ** gamma * math.log(max(p, 2.0**-126))
    return loss * (weight[target] if weight is not None else 1)
