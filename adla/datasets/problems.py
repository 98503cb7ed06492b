"""One message for everything that is wrong with a dataset."""

from collections.abc import Sequence
from os import PathLike

MAX_LISTED_PROBLEMS = 20


def raise_problems(
    problems: Sequence[str], source: str | PathLike, outcome: str = "; nothing was written"
) -> None:
    """Raise one error that lists everything wrong with a dataset.

    Args:
        problems: One line each.
        source: The file or folder that they were found in.
        outcome: What follows the name of the source in the message.

    Raises:
        ValueError: If there is any problem; the first 20 are listed, then how many more there are.
    """
    if not problems:
        return
    lines = [f"{len(problems)} problem(s) in {source}{outcome}:"]
    lines += [f"  - {problem}" for problem in problems[:MAX_LISTED_PROBLEMS]]
    if len(problems) > MAX_LISTED_PROBLEMS:
        lines.append(f"  ... and {len(problems) - MAX_LISTED_PROBLEMS} more")
    raise ValueError("\n".join(lines))
