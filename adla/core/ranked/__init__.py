"""Assignment by rank: every ground truth takes its best priors by any measure.

NWD-RKA ranks once, RFLA twice with smaller receptive fields; memory is bounded by blocks of pairs.
"""

from .assignment import BLOCK_PAIRS, RankedAssignment, assign_hierarchical, assign_ranked
from .ranking import Ranking, rank_boxes

__all__ = [
    "BLOCK_PAIRS",
    "RankedAssignment",
    "Ranking",
    "assign_hierarchical",
    "assign_ranked",
    "rank_boxes",
]
