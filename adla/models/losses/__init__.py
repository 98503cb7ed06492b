"""Losses of boxes."""

from .complete_iou_loss import CompleteIoULoss

__all__ = ["CompleteIoULoss"]
