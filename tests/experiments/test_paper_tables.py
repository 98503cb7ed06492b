"""configs/paper_tables.yml: every row is the paper's, and can be run."""

from collections import defaultdict
from fractions import Fraction

import pytest
from mmdet.registry import TASK_UTILS

from adla.experiments.complexity import INPUT_SIDES
from adla.experiments.selection import find_rows, select
from adla.experiments.tables import LIGHT_TABLES, load_tables

from ..config_utils import CONFIG_ROOT, CONFIGS, dataset_classes, load
from ..test_configs import cached_model_cards  # noqa: F401

TABLES = load_tables(CONFIG_ROOT / "paper_tables.yml")
ROWS = [(table, row) for table in TABLES.values() for row in table.rows]


def test_every_table_and_row_of_the_papers_is_there():
    counts = {name: len(table.rows) for name, table in TABLES.items() if table.paper}
    assert counts == {
        "I": 2, "II": 6, "III": 25, "IV": 18, "V": 4, "VI": 2, "VII": 12, "VIII": 21, "MSLA-I": 6,
    }  # fmt: skip
    for table, row in ROWS:
        assert bool(row.paper) == bool(table.paper), f"{table.name} {row.name}"


def test_every_row_names_a_config_on_its_data():
    """tests/test_configs.py loads, builds and trains every one of CONFIGS."""
    for table, row in ROWS:
        name = f"{table.name} {row.name}"
        assert table.dataset in INPUT_SIDES, name
        assert row.config, f"{name} cannot be run"
        assert row.config in CONFIGS, f"{name}: there is no configs/{row.config}"
        suffix = "scenes" if table.dataset == "demo" else table.dataset
        assert row.config.endswith(f"_{suffix}.py"), name


@pytest.mark.parametrize(
    ("table", "row"), [(t, r) for t, r in ROWS if t.name in ("VII", "VIII")], ids=lambda e: e.name
)
def test_settings_of_a_grid_reach_the_assigner(table, row):
    cfg = load(row.config)
    cfg.merge_from_dict(row.options)
    assigner = TASK_UTILS.build(cfg.model.train_cfg.assigner)
    found = vars(assigner.rule) | vars(assigner)
    for setting in row.name.split(","):
        key, _, value = setting.partition("=")
        assert found[key] == pytest.approx(float(Fraction(value))), row.name


def test_a_grid_has_the_numbers_of_its_table():
    numbers = {row.name: row.paper["AP50"] for row in [*TABLES["VII"].rows, *TABLES["VIII"].rows]}
    assert numbers["p_tn=2/3,p_tp=5/6"] == 48.2 and numbers["p_tn=3/4,p_tp=4/5"] == 49.1
    assert numbers["gamma=3,alpha0=0.2"] == 47.0 and numbers["gamma=1.5,alpha0=0.7"] == 49.3
    default = [row.name for name in ("VII", "VIII") for row in TABLES[name].rows if not row.options]
    assert default == ["p_tn=4/5,p_tp=3/4", "gamma=1.5,alpha0=0.6"]


def test_mean_over_the_classes_is_the_ap_of_table_3():
    classes = [f"AP_{name}" for name in dataset_classes({"type": "AITODDataset"})]
    table = TABLES["III"]
    assert list(table.columns[:8]) == classes
    wrong = [
        row.name
        for row in table.rows
        if abs(sum(row.paper[name] for name in classes) / 8 - row.paper["AP"]) > 0.06
    ]
    assert wrong == ["retinanet"]


def test_a_config_has_the_same_numbers_in_every_table():
    numbers = defaultdict(set)
    for _, row in ROWS:
        if row.config and not row.options:
            for column in {"AP50", "AP75", "AP"} & set(row.paper):
                numbers[row.config, column].add(row.paper[column])
    different = {key: sorted(values) for key, values in numbers.items() if len(values) > 1}
    assert different == {("retinanet/retinanet_r50_fpn_1x_aitod.py", "AP"): [11.3, 13.2]}


@pytest.mark.parametrize("dataset", LIGHT_TABLES)
def test_small_counterparts_exist(dataset):
    for table, row in ROWS:
        if row.light:
            light, (counterpart,), left_out = select(TABLES, table, [row.name], dataset)
            assert (light.dataset, counterpart.name, left_out) == (dataset, row.light, [])
    light, rows, left_out = select(TABLES, TABLES["light"], [], dataset)
    assert rows == find_rows(light, [])
    # Other measures than the IoU and bounded positives are compared on real images alone.
    assert (len(rows), len(left_out)) == ((11, 13) if dataset == "demo" else (24, 0))
    assert all(row.name.startswith(("at-", "adla-")) for row in left_out)


def training_of(config):
    cfg = load(config)
    optimizer = cfg.optim_wrapper.optimizer
    return optimizer.type, optimizer.lr, cfg.train_cfg.max_epochs, cfg.train_dataloader.batch_size


# What `settings` says of the rows; the YOLO rows of the MSLA paper have the second.
USUAL = {"ADLA": [("SGD", 0.01, 12, 4)], "MSLA": [("SGD", 0.01, 36, 4), ("SGD", 0.01, 300, 16)]}


@pytest.mark.slow
def test_a_row_says_how_its_training_differs_from_that_of_the_others():
    rows = {row.config: (table, row) for table, row in ROWS if table.paper}
    for config, (table, row) in rows.items():
        kind, rate, epochs, batch = training = training_of(config)
        usual = USUAL[table.paper]
        assert batch in {settings[3] for settings in usual}, config
        if training in usual:
            assert "rate" not in row.note, f"{table.name} {row.name}"
            continue
        assert f"rate {rate:g}" in row.note, f"{table.name} {row.name} trains with {training}"
        if kind != "SGD":
            assert f"{epochs} epochs of {kind}" in row.note, f"{table.name} {row.name}"


def test_a_reader_sees_the_papers_settings_beside_ours():
    for table in TABLES.values():
        assert any(note.startswith("Settings: ") for note in table.notes) == bool(table.paper)
    assert "rate of 0.1" in TABLES["V"].notes[-1] and "1e-2" in TABLES["MSLA-I"].notes[-1]
