"""Checkpoints: whether they go with a config, and weights of other projects, read and renamed."""

from .config_fit import (
    check_classes,
    check_weights,
    classes_in,
    classes_of,
    config_name,
    count_fitting,
    describe_misfit,
    load_weights,
    weights_of,
)
from .fitting import convert_yolov8, fit_to_model
from .inert_pickle import read_inert
from .yolov8 import YOLOv8Weights, read_yolov8

__all__ = [
    "YOLOv8Weights",
    "check_classes",
    "check_weights",
    "classes_in",
    "classes_of",
    "config_name",
    "convert_yolov8",
    "count_fitting",
    "describe_misfit",
    "fit_to_model",
    "load_weights",
    "read_inert",
    "read_yolov8",
    "weights_of",
]
