"""Synthetic aerial scenes with tiny objects, written as a COCO data set that needs no download.

A scene is a ``terrain`` painted on a ``canvas``, with ``objects`` of AI-TOD's sizes on it.
"""

from .objects import CLASSES
from .scene import Scene, make_scene
from .scene_dataset import GENERATOR, describe_scenes, write_scenes

__all__ = [
    "CLASSES",
    "GENERATOR",
    "Scene",
    "describe_scenes",
    "make_scene",
    "write_scenes",
]
