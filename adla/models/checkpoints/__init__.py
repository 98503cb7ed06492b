"""Weights of other projects, read and renamed."""

from .fitting import convert_yolov8, fit_to_model
from .inert_pickle import read_inert
from .yolov8 import YOLOv8Weights, read_yolov8

__all__ = ["YOLOv8Weights", "convert_yolov8", "fit_to_model", "read_inert", "read_yolov8"]
