"""How far boxes lie inside ignore regions."""

import torch
from torch import Tensor

from ..limits import limits_of
from ..overlaps import aligned_iof, as_columns, pairwise_iof
from .grid_index import CandidatePairs


def largest_iof(
    boxes: Tensor, regions: Tensor, of_region: bool = False, floor: float = 0
) -> Tensor:
    """Return what :func:`largest_iof_sparse` does, by all pairs where there are few."""
    few = len(boxes) * len(regions) <= limits_of(boxes.device).dense_pairs
    return (largest_iof_dense if few else largest_iof_sparse)(boxes, regions, of_region, floor)


def largest_iof_dense(
    boxes: Tensor, regions: Tensor, of_region: bool = False, floor: float = 0
) -> Tensor:
    """Return what :func:`largest_iof_sparse` does, by all pairs."""
    rows = max(limits_of(boxes.device).dense_elements // len(regions), 1)
    parts = boxes.split(rows)
    if of_region:
        return torch.cat([pairwise_iof(regions, part, floor).amax(dim=0) for part in parts])
    return torch.cat([pairwise_iof(part, regions, floor).amax(dim=1) for part in parts])


def largest_iof_sparse(
    boxes: Tensor, regions: Tensor, of_region: bool = False, floor: float = 0
) -> Tensor:
    """Return the largest share of each box's area in one region, by the pairs that overlap.

    Args:
        boxes: Boxes of shape (N, 4), xyxy in pixels, as :func:`~adla.core.clean_boxes` gives them.
        regions: Boxes of shape (I, 4), likewise; I > 0.
        of_region: Whether the share is that of the region's area instead.
        floor: Smallest divisor, in square pixels.

    Returns:
        The share of shape (N,), in [0, 1].
    """
    largest = boxes.new_zeros(len(boxes))
    pairs = CandidatePairs.near(regions, boxes)
    box_columns = as_columns(boxes.index_select(0, pairs.owners))
    region_columns = as_columns(regions)
    for block in pairs.blocks():
        box = box_columns.index_select(1, block.places)
        region = region_columns.index_select(1, block.queries + block.first)
        whole, other = (region, box) if of_region else (box, region)
        share = aligned_iof(whole, other, floor)
        largest.scatter_reduce_(0, pairs.owners.index_select(0, block.places), share, "amax")
    return largest
