"""What mmcv's ops return here against what they return in another environment.

Run it with ``--save FILE`` where mmcv is compiled and with ``--against FILE`` where adla answers
for it. The inputs are drawn from a fixed seed, in float32; what is compared are the outputs and the
gradients of a random weighting of them.
"""

from __future__ import annotations

import argparse
import importlib
from typing import NamedTuple

import torch
from op_cases import CASES, Draw, Results
from rich import box
from rich.console import Console
from rich.table import Table
from torch import Tensor


class Difference(NamedTuple):
    """How far results are apart, and that in parts of the largest value."""

    absolute: float
    relative: float


def run(device: str) -> dict[str, Results | str]:
    """Return the results of every op, or why it does not run here."""
    results: dict[str, Results | str] = {}
    for name, case in CASES.items():
        try:
            found = case(Draw(device))
            results[name] = {key: value.cpu() for key, value in found.items()}
        except (RuntimeError, NotImplementedError) as error:
            results[name] = str(error).splitlines()[0]
    return results


def describe() -> str:
    """Say what answers for mmcv's ops."""
    path = getattr(importlib.import_module("mmcv._ext"), "__file__", None)
    return f"{'compiled mmcv' if path else 'adla.compat'}, torch {torch.__version__}"


def rows(name: str, found: Results | str, other: Results | str) -> list[tuple[str, ...]]:
    """Return the lines of the table for one op."""
    for results, where in ((other, "there"), (found, "here")):
        if isinstance(results, str):
            short = "no kernel for this device" if "not found" in results else results
            return [(name, "", f"{short} ({where})", "")]
    lines = []
    for key, value in found.items():
        apart = difference(value, other[key])
        if apart is None:
            lines.append((name, key, f"{tuple(value.shape)}, {tuple(other[key].shape)}", ""))
        else:
            numbers = [f"{number:.1e}" if number else "0" for number in apart]
            lines.append((name, key, *numbers))
    return lines


def difference(found: Tensor, other: Tensor) -> Difference | None:
    """Return how far two results on the CPU are apart; None if their shapes differ."""
    if found.shape != other.shape:
        return None
    absolute = float((found.double() - other.double()).abs().max()) if found.numel() else 0.0
    largest = float(other.double().abs().max()) if absolute else 1.0
    return Difference(absolute, absolute / largest if largest else float("inf"))


def main() -> None:
    """Run the ops, and save or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--save", metavar="FILE", help="where to write the results")
    parser.add_argument("--against", metavar="FILE", help="results of another environment")
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    torch.set_num_threads(1)
    results = run(args.device)
    if args.save:
        torch.save({"source": describe(), "results": results}, args.save)
    if args.against:
        other = torch.load(args.against, weights_only=True)
        table = Table(box=box.MARKDOWN)
        for column in ("op", "of", "largest difference", "relative to the largest value"):
            table.add_column(column)
        for name, found in results.items():
            for line in rows(name, found, other["results"][name]):
                table.add_row(*line)
        console = Console(width=120)
        console.print(table)
        console.print(f"here {describe()}; there {other['source']}; {args.device}, one thread")


if __name__ == "__main__":
    main()
