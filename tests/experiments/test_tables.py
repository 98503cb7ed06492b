import pytest

from adla.experiments.selection import find_rows, find_table, select
from adla.experiments.tables import load_tables

HEAD = "tables:\n  - {table: V, title: t, dataset: aitod, columns: [AP50, AP], rows: ["
ROW = "{name: a, label: A, config: x.py, numbers: [1, 2]}"
GRID = """tables:
  - table: G
    title: t
    dataset: demo
    columns: [AP50]
    grid:
      config: x.py
      across: {model.g: [1/2, 2]}
      down: model.a
      numbers:
        0.2: [1, 2]
        0.3: [3, 4]
      default: [2, 0.3]
"""


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "t.yml").write_text(text)
        return load_tables(tmp_path / "t.yml")

    return read


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tables: [", "is no list of tables"),
        ("rows: []", "is no list of tables"),
        ("tables: [3]", "must be a mapping, but got 3"),
        ("tables:", "has a list or a mapping where there is none"),
        (HEAD[:-1] + "}", "has a list or a mapping where there is none"),
        (HEAD + "{name: a, label: A, config: x.py, numbers: 3}]}", "has a list or a mapping"),
        (
            HEAD + "{name: a, label: A, config: x.py, numbers: [1]}]}",
            "table V: row a has 1 numbers",
        ),
        (HEAD + "{name: a, label: A, config: x.py, numbers: [1, 200]}]}", "200 is no number in"),
        (HEAD + "{name: a, label: A}]}", "row a needs either a config or a status"),
        (HEAD + "{name: a, label: A, status: planned}]}", "must be one of .* and have a reason"),
        (HEAD + "{name: a, label: A, status: soon, reason: r}]}", "'soon'"),
        (HEAD + f"{ROW}, {ROW}]}}", "table V: the row a is there twice"),
        (HEAD + "{name: a, lable: A}]}", r"a row a has unknown \['lable'\]"),
        (GRID.replace("[3, 4]", "[3]"), "the line 0.3 has 1 numbers"),
    ],
)
def test_a_wrong_entry_is_named(read, text, message):
    with pytest.raises(ValueError, match=message):
        read(text)


def test_grid(read):
    rows = read(GRID)["G"].rows
    assert [(row.name, row.paper["AP50"], row.options) for row in rows] == [
        ("g=1/2,a=0.2", 1, {"model.g": 0.5, "model.a": 0.2}),
        ("g=1/2,a=0.3", 3, {"model.g": 0.5, "model.a": 0.3}),
        ("g=2,a=0.2", 2, {"model.g": 2, "model.a": 0.2}),
        ("g=2,a=0.3", 4, {}),
    ]


def test_unknown_names_and_the_nearest(read, table):
    tables = read(GRID)
    assert find_table(tables, "g").name == "G"
    with pytest.raises(ValueError, match="no table 'W': There are G"):
        find_table(tables, "W")
    assert [row.name for row in find_rows(table, ["gamma", "gamma", "FIXED"])] == ["gamma", "fixed"]
    with pytest.raises(ValueError, match=r"'gama': did you mean gamma\? There are fixed, gamma, f"):
        find_rows(table, ["gama"])


def test_a_data_set_without_counterpart(read, table):
    with pytest.raises(
        ValueError, match="table T is on demo; --dataset takes that, or one of sirst"
    ):
        select({"T": table}, table, [], "aitod")
    with pytest.raises(
        ValueError, match=r"no row of table T .* has a small counterpart on sirst-v2"
    ):
        select({"T": table, "light": table}, table, [], "sirst-v2")
