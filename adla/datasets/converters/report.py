"""What converters show: a progress bar, and a table at the end."""

from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from rich.progress import track
from rich.table import Table

T = TypeVar("T")


def tracked(items: Collection[T], text: str, progress: bool) -> Iterable[T]:
    """Go through items, with a progress bar if asked for."""
    return track(items, text) if progress else items


def split_table(title: str, splits: Mapping[str, Mapping[str, float]]) -> Table:
    """Lay out what :func:`.coco_json.split_summary` says of each split."""
    table = Table(title=f"{title} (sizes: sqrt(w * h) in pixels)")
    table.add_column("split", no_wrap=True)
    for column in ("images", "without object", "boxes", "p5", "p50", "p95", "max"):
        table.add_column(column, justify="right")
    for split, row in splits.items():
        table.add_row(
            split,
            *(f"{row[key]:,}" for key in ("images", "empty", "boxes")),
            *(f"{row[key]:.1f}" for key in ("p5", "p50", "p95", "max")),
        )
    return table
