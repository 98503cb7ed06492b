"""Export a trained detector to ONNX and check the file against torch."""

import argparse
import sys

import torch
from mmengine.config import Config, DictAction
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import load_checkpoint
from rich.console import Console

from adla.engine.onnx_export import export_onnx


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="config file")
    parser.add_argument("out", help="ONNX file to write")
    parser.add_argument("--checkpoint", help="weights; without it they are random")
    parser.add_argument(
        "--size", type=int, nargs=2, default=(640, 640), metavar=("W", "H"), help="of the input, px"
    )
    parser.add_argument("--opset", type=int, default=17)
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, default={}, help="settings, key=value"
    )
    return parser.parse_args()


def main() -> None:
    """Build the detector, export it and say how far the file is from torch."""
    args = parse_args()
    try:
        cfg = Config.fromfile(args.config)
        cfg.merge_from_dict(args.cfg_options)
        init_default_scope(cfg.get("default_scope", "mmdet"))
        detector = MODELS.build(cfg.model)
        if args.checkpoint:
            load_checkpoint(detector, args.checkpoint, map_location="cpu")
        with torch.no_grad():
            difference = export_onnx(detector, args.out, tuple(args.size), args.opset)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    Console().print(
        f"{args.out}: boxes (1, P, 4) in pixels and scores (1, P, classes) of an image (1, 3, "
        f"{args.size[1]}, {args.size[0]}), normalised as the config's data_preprocessor does; "
        f"differs from torch by {difference:.1e} at most",
        highlight=False,
    )


if __name__ == "__main__":
    main()
