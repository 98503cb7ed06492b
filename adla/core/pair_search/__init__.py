"""Which boxes can overlap which others, without measuring all pairs: a prefilter and a grid index.

The lists of overlapping pairs, the overlaps with ignore regions and the choice of the best pairs of
every box are built on them.
"""

from .grid_index import CandidateBlock, CandidatePairs
from .ignore_regions import largest_iof_dense, largest_iof_sparse
from .overlapping_pairs import OverlappingPairs, overlapping_pairs
from .prefilter import near_any
from .segment_topk import keep_best, largest_of_each

__all__ = [
    "CandidateBlock",
    "CandidatePairs",
    "OverlappingPairs",
    "keep_best",
    "largest_iof_dense",
    "largest_iof_sparse",
    "largest_of_each",
    "near_any",
    "overlapping_pairs",
]
