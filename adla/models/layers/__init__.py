"""Blocks that backbones and necks share."""

from .c2f import SPPF, C2f

__all__ = ["SPPF", "C2f"]
