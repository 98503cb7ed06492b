"""Positives by size: on a toy data set with numbers known by hand."""

import importlib
import sys

import pytest
from mmengine.logging import MMLogger

from tests.dataset_check.toy import toy_dataset, write_toy

from .test_dataset_scale import TOOLS

RANKING = 'type="RankingAssigner", topk=2, iou_calculator=dict(type="NWDOverlaps2D", constant=9.0)'
NEVER = 'type="AdaptiveDynamicAssigner", metric="anchor_iou", t_pos_min=0.99'
PIPELINE = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="PackDetInputs"),
]


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the tool in this process: exit code, stdout, stderr."""
    monkeypatch.syspath_prepend(str(TOOLS))
    monkeypatch.syspath_prepend(str(TOOLS / "analysis"))
    monkeypatch.setenv("COLUMNS", "120")
    tool = importlib.import_module("positives_by_size")
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, "level", logger.level)  # the tool changes it

    def call(*args) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["positives_by_size.py", *map(str, args)])
        code = tool.main()
        out, err = capsys.readouterr()
        return code, " ".join(out.replace("│", " ").replace("┃", " ").split()), err

    return call


def write_config(root, name, assigner, head="AnchorGenerator", **options):
    generator = f'dict(type="{head}", ratios=[1.0], scales=[1], strides=[8])'
    dataset = toy_dataset(root, pipeline=PIPELINE, **options)
    (root / name).write_text(
        f"model = dict(bbox_head=dict(anchor_generator={generator}),"
        f" train_cfg=dict(assigner=dict({assigner})))\n"
        f"train_dataloader = dict(dataset={dataset!r})"
    )
    return root / name


def test_counts_by_hand(run, tmp_path):
    write_toy(tmp_path)
    rank = write_config(tmp_path, "rank.py", RANKING)
    never = write_config(tmp_path, "never.py", NEVER)
    atss = write_config(tmp_path, "atss.py", 'type="ATSSAssigner", topk=9')
    code, out, err = run(rank, never, atss)
    assert code == 0, err
    # Objects of 6 x 3 and 4 x 8 px, and of 12 x 9 px; the ranking gives each its two best anchors.
    # Anchors are centered at multiples of 8. That of the second is on the edge, (64, 40), and no
    # anchor is there; (8, 8) is on the border of the first, and (24, 16) alone inside the third.
    assert "vt: 2 t: 1 all: 3" in out
    assert "rank 2.0 (0.0) 2.0 (0.0) 2.0 (0.0)" in out
    assert "never 0.0 (100.0) 0.0 (100.0) 0.0 (100.0)" in out
    assert "atss 0.0 (100.0) 1.0 (0.0) 0.3 (66.7)" in out


def test_refused(run, tmp_path):
    write_toy(tmp_path)
    rank = write_config(tmp_path, "rank.py", RANKING)
    other = write_config(tmp_path, "other.py", RANKING, data_prefix=dict(img="elsewhere/"))
    assert run(rank, other)[0] == 2
    assert "has another training set than" in run(rank, other)[2]
    (tmp_path / "points.py").write_text(rank.read_text().replace("anchor_generator", "points"))
    code, _, err = run(tmp_path / "points.py")
    assert code == 2 and "model.bbox_head has no anchor_generator" in err
    code, _, err = run(tmp_path / "nowhere.py")
    assert code == 2 and "is not there" in err
