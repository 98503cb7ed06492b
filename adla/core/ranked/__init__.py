"""Assignment by rank: every ground truth takes its best priors by any measure.

NWD-RKA ranks once, RFLA twice with smaller receptive fields. Where a measure has bounds, what
cannot win is left out; else memory is bounded by blocks of pairs.
"""

from .assignment import RankedAssignment, assign_hierarchical, assign_ranked
from .bounded_ranking import rank_bounded
from .box_groups import BoxGroups, Ranges
from .distance_bounds import (
    BoundedMeasure,
    FallingMeasure,
    dotd_bounds,
    nwd_bounds,
    rfd_bounds,
    simd_bounds,
)
from .pairs_above import pairs_above
from .ranking import Ranking, rank_boxes

__all__ = [
    "BoundedMeasure",
    "BoxGroups",
    "FallingMeasure",
    "Ranges",
    "RankedAssignment",
    "Ranking",
    "assign_hierarchical",
    "assign_ranked",
    "dotd_bounds",
    "nwd_bounds",
    "pairs_above",
    "rank_bounded",
    "rank_boxes",
    "rfd_bounds",
    "simd_bounds",
]
