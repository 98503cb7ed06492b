"""Tables and rows by name, and the small counterparts of a table."""

import difflib
from collections.abc import Iterable, Sequence

from .tables import LIGHT_TABLES, Row, Table


def find_table(tables: dict[str, Table], name: str) -> Table:
    """Return a table by its name, upper or lower case.

    Raises:
        ValueError: If there is none; the message names the nearest and all.
    """
    return tables[_find(name, tables, "table")]


def find_rows(table: Table, names: Sequence[str]) -> list[Row]:
    """Return the named rows of a table, all of them where no name is given.

    Raises:
        ValueError: If there is no such row; the message names the nearest and all.
    """
    rows = {row.name: row for row in table.rows}
    found = [_find(name, rows, f"row of table {table.name}") for name in names]
    return [rows[name] for name in dict.fromkeys(found)] if names else list(rows.values())


def select(
    tables: dict[str, Table], table: Table, names: Sequence[str], dataset: str | None
) -> tuple[Table, list[Row], list[Row]]:
    """Return what to run for a table on a data set.

    Args:
        tables: All tables.
        table: The table that was asked for.
        names: Names of its rows; none stands for all.
        dataset: None or the table's own, or a data set that has a light table.

    Returns:
        The table that is run, its rows, and the rows asked for that have no counterpart in it.

    Raises:
        ValueError: If a row is unknown, or the table has no counterpart on the data set.
    """
    rows = find_rows(table, names)
    if dataset in (None, table.dataset):
        return table, rows, []
    if dataset not in LIGHT_TABLES:
        raise ValueError(
            f"table {table.name} is on {table.dataset}; --dataset takes that, or one of "
            f"{', '.join(LIGHT_TABLES)} for its small counterpart"
        )
    light = tables[LIGHT_TABLES[dataset]]
    is_light = table.name in LIGHT_TABLES.values()
    there = {row.name for row in light.rows}
    wanted = {row.name: row.light for row in rows}
    if is_light:
        wanted = {row.name: row.name if row.name in there else None for row in rows}
    left_out = [row for row in rows if wanted[row.name] is None]
    if len(left_out) == len(rows):
        raise ValueError(
            f"no row of table {table.name} that was asked for has a small counterpart on {dataset}"
        )
    return light, find_rows(light, [name for name in wanted.values() if name]), left_out


def _find(name: str, known: Iterable[str], what: str) -> str:
    by_lower = {each.lower(): each for each in known}
    if name.lower() in by_lower:
        return by_lower[name.lower()]
    near = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.4)
    hint = f"did you mean {by_lower[near[0]]}? " if near else ""
    raise ValueError(f"there is no {what} {name!r}: {hint}There are {', '.join(by_lower.values())}")
