"""Second stages whose assigner sees what the network predicts."""

from .adla_roi_head import AdlaRoIHead

__all__ = ["AdlaRoIHead"]
