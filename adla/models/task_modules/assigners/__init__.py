"""Label assigners."""

from .adaptive_dynamic_assigner import AdaptiveDynamicAssigner
from .msla_assigner import MSLAAssigner

__all__ = ["AdaptiveDynamicAssigner", "MSLAAssigner"]
