"""YOLOv5's matching: an anchor of about the object's shape, in the cells about its center."""

from .matching import ShapeMatches, match_shapes, shape_ratios

__all__ = ["ShapeMatches", "match_shapes", "shape_ratios"]
