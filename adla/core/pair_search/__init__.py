"""Which boxes can overlap which others, without measuring all pairs: a prefilter and a grid index.

The lists of overlapping pairs, the overlaps with ignore regions and the choice of the best pairs of
every box are built on them.
"""

from . import forced_rounds
from .grid_index import CandidateBlock, CandidatePairs, split_by_ends
from .ignore_regions import largest_iof, largest_iof_dense, largest_iof_sparse
from .overlapping_pairs import OverlappingPairs, overlapping_pairs
from .prefilter import near_any
from .segment_topk import keep_best, largest_of_each, largest_of_rows, listed

__all__ = [
    "CandidateBlock",
    "CandidatePairs",
    "OverlappingPairs",
    "forced_rounds",
    "keep_best",
    "largest_iof",
    "largest_iof_dense",
    "largest_iof_sparse",
    "largest_of_each",
    "largest_of_rows",
    "listed",
    "near_any",
    "overlapping_pairs",
    "split_by_ends",
]
