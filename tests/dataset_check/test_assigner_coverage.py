"""Which targets get a positive: by hand, and on the published SIRST-V2."""

import runpy
import sys
from pathlib import Path

import pytest
import torch

from adla.dataset_check.annotations import read_records
from adla.dataset_check.assigner_coverage import positives_of, targets_of
from adla.datasets.converters import convert_sirst_v2
from adla.models import MSLAAssigner

from .toy import write_toy

TOOL = Path(__file__).parents[2] / "tools/analysis/msla_coverage.py"
YOLOV8 = dict(metrics="ciou", topk_per_level=False, soft_target="ciou", force_match=False)
STRIDES = (4, 8, 16, 32)


def test_targets_in_network_pixels(tmp_path):
    write_toy(tmp_path)
    (size, boxes), (_, other) = targets_of(read_records(tmp_path / "train.json"), letterbox=128)
    assert size.tolist() == [128, 96]
    assert boxes.tolist() == [[8, 10, 20, 16], [41, 20, 65, 38]]
    assert other.tolist() == [[120, 80, 128, 96]]


def test_a_target_without_grid_point():
    # The second lies between the points 6 and 10 of stride 4; 8 is a point of no other level.
    boxes = torch.tensor([[1.0, 1, 5, 5], [7.5, 6.5, 9.5, 8.5]])
    targets = [(torch.tensor([32.0, 32]), boxes)]
    assert positives_of(MSLAAssigner(**YOLOV8), targets, (4,)).tolist() == [1, 0]
    counts = positives_of(MSLAAssigner(scale=3.0), targets, STRIDES)
    assert (counts > 0).all()
    assert torch.equal(counts, positives_of(MSLAAssigner(scale=3.0), targets, STRIDES))
    assert positives_of(MSLAAssigner(scale=3.0), [], STRIDES).tolist() == []


def test_tool(tmp_path, monkeypatch, capsys):
    write_toy(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(TOOL), str(tmp_path / "train.json")])
    runpy.run_path(str(TOOL), run_name="__main__")
    printed = capsys.readouterr().out
    assert "3 targets, S = 7.257 pixels" in printed  # sqrt((18 + 108 + 32) / 3)
    monkeypatch.setattr(sys, "argv", [str(TOOL), str(tmp_path / "none.json")])
    with pytest.raises(SystemExit, match=r"^error: .*none.json does not exist"):
        runpy.run_path(str(TOOL), run_name="__main__")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("letterbox", "scale", "without"), [(None, 6.945, 128), (640, 13.09, 18)], ids=["as is", "640"]
)
def test_every_real_target_has_a_positive(sirst_v2_root, tmp_path, letterbox, scale, without):
    convert_sirst_v2(sirst_v2_root, tmp_path, ["trainval_full"], progress=False)
    records = read_records(tmp_path / "annotations/trainval_full.json")
    targets = targets_of(records, letterbox)
    counts = positives_of(MSLAAssigner(scale=scale), targets, STRIDES)
    assert len(counts) == 498 and (counts > 0).all()
    plain = positives_of(MSLAAssigner(**YOLOV8), targets, (4,))
    assert (plain == 0).sum() == without  # those without a grid point of stride 4
