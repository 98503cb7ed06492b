"""A table of two rows, and runs of it as a training and a test leave them."""

import json

import pytest

from adla.experiments.runs import Run, make_run
from adla.experiments.tables import Row, Table


@pytest.fixture
def table() -> Table:
    config = "demo/retinanet_csp-nano_fpn-p2_light_scenes.py"
    rows = (
        Row("fixed", "fixed thresholds", config, paper={"AP50": 31.3, "AP": 11.25}),
        Row("gamma", "another one", config, {"model.x": 2}, paper={"AP50": 20.0, "AP": 9.0}),
        Row(
            "fsanet", "FSANet", status="paper only", reason="not built", paper={"AP50": 5, "AP": 1}
        ),
    )
    return Table(
        "T", "ADLA", "a title", "demo", ("AP50", "AP"), "tiny", ("pos_per_gt", "unassigned_gts"),
        {}, ("a remark",), rows,
    )  # fmt: skip


@pytest.fixture
def tested(tmp_path):
    """Return a function that leaves a tested run with these metrics, a text for a torn file."""

    def write(row: Row, seed: int, metrics: dict | str) -> Run:
        run = make_run(tmp_path, row, seed, {})
        record = dict(config=row.config, options=row.options, seed=seed, digest="", stage="test",
                      failed=False, checkpoint="epoch_1.pth", tested=True,
                      commits=["abc1234"])  # fmt: skip
        files = {"run.json": record, "test/20260101_000000/20260101_000000.json": metrics}
        for name, content in files.items():
            file = run.work_dir / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content if isinstance(content, str) else json.dumps(content))
        scalars = run.work_dir / "20260101_000000/vis_data/scalars.json"
        scalars.parent.mkdir(parents=True)
        values = [(1, 4.0), (2, 4.0), (3, 8.0)]
        lines = [{"step": s, "pos_per_gt": v, "unassigned_gts": 0.25} for s, v in values]
        scalars.write_text("".join(json.dumps(line) + "\n" for line in [{"step": 0}, *lines]))
        return run

    return write
