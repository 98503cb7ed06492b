"""Blocks that backbones and necks share."""

from .c2f import SPPF, C2f
from .feature_align import FeatureAlign

__all__ = ["SPPF", "C2f", "FeatureAlign"]
