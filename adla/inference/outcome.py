"""What a prediction came to."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Outcome:
    """What a prediction came to.

    Attributes:
        detections: Number of detections by image name.
        problems: What is wrong with each image that could not be read, with an output of it, or
            with an output that could not be written.
        files: What was written.
        nested: Number of boxes that went because a better one of their slice holds them.
        joined: Number of boxes that went because another slice has the object, whole or too.
    """

    detections: dict[str, int] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    nested: int = 0
    joined: int = 0


def first_line(error: Exception) -> str:
    """Return what an error says, in one line, or its class if it says nothing."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0]
