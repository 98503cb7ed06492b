"""Backbones, registered in mmdet's MODELS."""

from .c2f_darknet import C2fDarknet

__all__ = ["C2fDarknet"]
