"""The converters of ``adla convert``, one a data set; they call `adla.datasets.converters`."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table


def show_report(table: Table, notes: Iterable[str]) -> None:
    """Print what a converter wrote, and what a user should know of it."""
    console = Console()
    console.print(table)
    for note in notes:
        console.print(f"- {note}", highlight=False, soft_wrap=True)
