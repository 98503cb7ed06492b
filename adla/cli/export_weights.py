"""Write the weights of a training as a small file that ``adla predict`` can use without a config.

It takes the averaged weights (EMA) where the training kept them, in 16 bits, and nothing else of
the checkpoint. A file in adla/zoo comes with the package: ``adla predict --model NAME``.
Example: ``adla export weights work_dirs/x/epoch_12.pth ship-n.pth --about "sen2ships (MIT)"``
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from .arguments import command_parser
from .commands import one_line_errors
from .mmdet_imports import import_mmdet

PROGRAM = "adla export weights"


def parse_args(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(PROGRAM, __doc__)
    parser.add_argument("checkpoint", type=Path, help="checkpoint of a training")
    parser.add_argument("out", type=Path, help="file to write, such as NAME.pth")
    parser.add_argument("--about", default="", help="data, licence and credit, in a line")
    args = parser.parse_args(words)
    if args.out.suffix != ".pth":
        parser.error(f"the file to write ends in .pth, but got {args.out}")
    return args


def main(words: Sequence[str]) -> int:
    """Export and report."""
    args = parse_args(words)
    with one_line_errors(PROGRAM):
        import_mmdet()
        from adla.engine.weights_export import export_weights

        written = export_weights(args.checkpoint, args.out, args.about)
    kind = "averaged weights (EMA)" if written.averaged else "weights (no average in it)"
    Console().print(
        f"{args.out}: {written.parameters:,} {kind}, {written.size / 1e6:.2f} MB, classes "
        f"{', '.join(written.classes)}; 16 bits change a value by {written.largest_change:.1e} of "
        "its tensor's largest at most",
        highlight=False,
        soft_wrap=True,
    )
    return 0
