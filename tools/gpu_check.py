"""Check adla on a GPU, within a number of minutes: ``--minutes 9 --out work_dirs/gpu_check``.

Every step runs in a process of its own and leaves a JSON file, a table and a log in the folder;
what no time is left for is skipped. docs/gpu.md says what each step shows. Letters for ``--only``:
"""

import argparse
import sys
from pathlib import Path

from gpu_steps.plan import STEPS, choose
from gpu_steps.run_steps import run_steps


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    titles = dict.fromkeys(STEPS[0].letter, STEPS[0].title)
    for step in STEPS:
        titles[step.letter] = f"{titles.get(step.letter, '')}; {step.title}".removeprefix("; ")
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").replace("``", ""),
        epilog="\n".join(f"  {letter}  {title}" for letter, title in titles.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=9, help="it ends within this time")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--only", help="letters of steps, such as a,c")
    parser.add_argument("--device", default="cuda", help="'cpu' runs everything small")
    parser.add_argument(
        "--sirst-v2", type=Path, default=Path("data/sirst-v2"), help="converted SIRST-V2"
    )
    parser.add_argument(
        "--hit-uav", type=Path, default=Path("data/hit-uav"), help="converted HIT-UAV"
    )
    return parser.parse_args()


def main() -> int:
    """Run the steps; the exit code is 1 if one failed."""
    args = parse_args()
    try:
        steps = choose(args.only)
    except ValueError as error:
        sys.exit(f"gpu_check: {error}")
    flags = ["--device", args.device]
    flags += ["--sirst-v2", str(args.sirst_v2.resolve()), "--hit-uav", str(args.hit_uav.resolve())]
    return run_steps(steps, args.minutes * 60, args.out.resolve(), flags)


if __name__ == "__main__":
    sys.exit(main())
