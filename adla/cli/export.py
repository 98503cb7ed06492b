"""Export a trained detector to ONNX and check the file against torch.

``adla export weights CHECKPOINT OUT`` writes its weights as a small file instead.
Example: ``adla export CONFIG detector.onnx --checkpoint CHECKPOINT --size 640 640``
"""

import argparse
import sys
from collections.abc import Sequence

from rich.console import Console

from . import export_weights
from .arguments import add_config_options, command_parser
from .commands import one_line_errors
from .mmdet_imports import import_mmdet


def parse_args(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser("adla export", __doc__)
    parser.add_argument("config", help="config file")
    parser.add_argument("out", help="ONNX file to write")
    parser.add_argument("--checkpoint", help="weights; without it they are random")
    parser.add_argument(
        "--size", type=int, nargs=2, default=(640, 640), metavar=("W", "H"), help="of the input, px"
    )
    parser.add_argument(
        "--dynamic",
        action="store_true",
        help="any batch, and any width and height that the detector takes; --size is then the one "
        "to trace with",
    )
    parser.add_argument("--opset", type=int, default=17)
    add_config_options(parser, "changes of the config")
    return parser.parse_args(words)


def export(args: argparse.Namespace) -> float:
    """Build the detector and export it; return how far the file is from torch."""
    import_mmdet()
    import torch

    from adla.config_file import build_model, load_config
    from adla.engine.onnx_export import export_onnx
    from adla.models.checkpoints import load_weights

    config = load_config(args.config, args.cfg_options)
    detector = build_model(config)
    if args.checkpoint:
        for note in load_weights(detector, config, args.checkpoint):
            print(f"adla export: {note}", file=sys.stderr)
    else:
        print("adla export: no --checkpoint: the weights are random", file=sys.stderr)
    with torch.no_grad():
        return export_onnx(detector, args.out, tuple(args.size), args.opset, args.dynamic)


def main(words: Sequence[str]) -> int:
    """Export."""
    if words[:1] == ["weights"]:
        return export_weights.main(words[1:])
    args = parse_args(words)
    with one_line_errors("adla export"):
        difference = export(args)
    batch = "B" if args.dynamic else "1"
    height, width = ("H", "W") if args.dynamic else (args.size[1], args.size[0])
    Console().print(
        f"{args.out}: boxes ({batch}, P, 4) in pixels and scores ({batch}, P, classes) of images "
        f"({batch}, 3, {height}, {width}), normalized as the config's data_preprocessor does; "
        f"differs from torch by {difference:.1e} at most",
        highlight=False,
    )
    return 0
