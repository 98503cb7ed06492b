"""Where the findings go: a terminal or a pipe, and json."""

import json
import math
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console

from adla.atomic_files import atomic_file

_PIPE_WIDTH = 110


def page(stream: TextIO) -> Console:
    """Return a console as wide as the terminal, or of a fixed width without colors in a pipe."""
    return Console(file=stream, width=None if stream.isatty() else _PIPE_WIDTH)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a json file, whole or not at all; NaN becomes null."""
    with atomic_file(path) as file:
        json.dump(_without_nan(content), file)


def _without_nan(value: Any) -> Any:
    """Return a copy with None in the place of every number that is not finite."""
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
