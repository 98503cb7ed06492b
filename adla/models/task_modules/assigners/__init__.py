"""Label assigners."""

from .adaptive_dynamic_assigner import AdaptiveDynamicAssigner

__all__ = ["AdaptiveDynamicAssigner"]
