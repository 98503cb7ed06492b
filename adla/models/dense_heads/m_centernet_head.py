"""A reading of M-CenterNet's head."""

from typing import Any

import torch
import torch.nn.functional as F
from mmdet.models.dense_heads import CenterNetHead
from mmdet.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class MCenterNetHead(CenterNetHead):
    """CenterNet whose objects have several center points: a reading of M-CenterNet.

    Of M-CenterNet ("Tiny Object Detection in Aerial Images", 10.1109/ICPR48806.2021.9413340) it is
    public that it learns multiple center points an object, with their offsets, to localize tiny
    objects better. *How* is not. Read here as:

    - The cells about the one that holds an object's center are center points, too: each learns the
      way from itself to the real center, and the sides. A cell that several objects reach belongs
      to the one whose center it holds, else to the nearest. An object counts once in the losses,
      whatever its number of points. The heatmap is CenterNet's.
    - A peak's box is the mean of the boxes of the points about it, weighted by their heat, where
      they agree with its own: center less than a cell apart.

    With ``reach=0`` it is CenterNet.

    Args:
        reach: How many cells the points may be away from the one with the center, in x and in y.
        **kwargs: Arguments of mmdet's ``CenterNetHead``.

    Raises:
        ValueError: If `reach` is below 0.
    """

    def __init__(self, *args: Any, reach: int = 1, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if reach < 0:
            raise ValueError(f"MCenterNetHead: reach must be at least 0, but got {reach}")
        self.reach = reach

    def get_targets(
        self,
        gt_bboxes: list[Tensor],
        gt_labels: list[Tensor],
        feat_shape: tuple[int, ...],
        img_shape: tuple[int, ...],
    ) -> tuple[dict[str, Tensor], Any]:
        """Return mmdet's targets, those of boxes at all center points."""
        targets, count = super().get_targets(gt_bboxes, gt_labels, feat_shape, img_shape)
        height, width = feat_shape[2:]
        scale = gt_bboxes[0].new_tensor([width / img_shape[1], height / img_shape[0]])
        names = ("wh_target", "offset_target", "wh_offset_target_weight")
        for image, boxes in enumerate(gt_bboxes):
            sides = (boxes[:, 2:] - boxes[:, :2]) * scale
            centers = (boxes[:, :2] + boxes[:, 2:]) / 2 * scale
            gt, cell = center_points(centers, (height, width), self.reach)
            x, y = cell.unbind(1)
            share = 1 / gt.bincount(minlength=len(boxes)).clamp(min=1).to(scale)[gt]
            values = (sides[gt], centers[gt] - cell, share[:, None].expand(-1, 2))
            for name, value in zip(names, values, strict=True):
                targets[name][image].zero_()
                targets[name][image][:, y, x] = value.T
        return targets, count

    def _decode_heatmap(
        self,
        center_heatmap_pred: Tensor,
        wh_pred: Tensor,
        offset_pred: Tensor,
        *args: Any,
        **kwargs: Any,
    ) -> tuple[Tensor, Tensor]:
        heat = center_heatmap_pred.amax(dim=1, keepdim=True)
        wh, offset = agreed_boxes(heat, wh_pred, offset_pred, self.reach)
        return super()._decode_heatmap(center_heatmap_pred, wh, offset, *args, **kwargs)


def center_points(centers: Tensor, grid: tuple[int, int], reach: int) -> tuple[Tensor, Tensor]:
    """Return the cells that are center points of objects, each of one object.

    Args:
        centers: Centers (G, 2) of the objects, x and y, in cells.
        grid: Rows and columns.
        reach: How far the cells may be from the one with the center.

    Returns:
        Objects (M,) and cells (M, 2), column and row.
    """
    steps = torch.arange(-reach, reach + 1, device=centers.device)
    around = torch.cartesian_prod(steps, steps) if reach else steps.new_zeros(1, 2)
    home = centers.floor().long()
    cell = (home[:, None] + around).flatten(0, 1)
    gt = torch.arange(len(centers), device=centers.device).repeat_interleave(len(around))
    sides = cell.new_tensor([grid[1], grid[0]])
    inside = ((cell >= 0) & (cell < sides)).all(dim=1)
    gt, cell = gt[inside], cell[inside]
    distance = (cell + 0.5 - centers[gt]).norm(dim=1)
    distance = torch.where((cell == home[gt]).all(dim=1), -1.0, distance)  # its own comes first
    order = distance.argsort(stable=True)
    _, group = torch.unique(cell[order, 1] * grid[1] + cell[order, 0], return_inverse=True)
    rank = torch.arange(len(order), device=order.device)
    first = rank.new_full((len(order),), len(order)).scatter_reduce(0, group, rank, "amin")
    chosen = order[first[first < len(order)]]
    return gt[chosen], cell[chosen]


def agreed_boxes(heat: Tensor, wh: Tensor, offset: Tensor, reach: int) -> tuple[Tensor, Tensor]:
    """Return sides and offsets of each cell, averaged over those about it that agree with it.

    Args:
        heat: Weights (B, 1, H, W), at least 0.
        wh: Sides (B, 2, H, W), in cells.
        offset: Way from each cell to its object's center (B, 2, H, W), in cells.
        reach: How far the others may be away.
    """
    height, width = heat.shape[2:]
    columns = torch.arange(width, device=heat.device).expand(height, width)
    rows = torch.arange(height, device=heat.device)[:, None].expand(height, width)
    cells = torch.stack([columns, rows]).to(offset)
    maps = torch.cat([offset + cells, wh, heat.to(wh)], dim=1)
    window = 2 * reach + 1
    near = F.unfold(maps, window, padding=reach).view(len(heat), 5, window**2, height, width)
    apart = (near[:, :2] - maps[:, :2, None]).square().sum(dim=1)
    weight = near[:, 4] * (apart < 1)
    weight[:, window**2 // 2] += torch.finfo(weight.dtype).tiny  # a cell without heat is itself
    mean = (near[:, :4] * weight[:, None]).sum(dim=2) / weight.sum(dim=1, keepdim=True)
    return mean[:, 2:], mean[:, :2] - cells
