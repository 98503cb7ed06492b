"""Pictures of what an assigner and a detector do with tiny objects, from plain arrays."""

from adla.evaluation.training_log import load_scalars

from .assignments import save_assignments
from .curves import save_curves
from .detections import best_f1_score, match_detections, save_detections

__all__ = [
    "best_f1_score",
    "load_scalars",
    "match_detections",
    "save_assignments",
    "save_curves",
    "save_detections",
]
