"""What a prediction came to."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Outcome:
    """What a prediction came to.

    Attributes:
        detections: Number of detections by image name.
        problems: What is wrong with each image that could not be read, or with an output of it.
        files: What was written.
        nested: Number of boxes that went because a better one of their slice holds them.
        joined: Number of boxes that went because another slice has the object, whole or too.
    """

    detections: dict[str, int] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    nested: int = 0
    joined: int = 0
