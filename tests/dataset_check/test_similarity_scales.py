"""m and n of SimD: by columns and rows against pair by pair, and from a config's training."""

import importlib
import sys

import numpy as np
import pytest
import torch
from mmdet.models.task_modules.prior_generators import AnchorGenerator
from mmengine.logging import MMLogger

from adla.dataset_check.object_sizes import similarity_scales
from adla.dataset_check.priors import Priors, levels_of, point_priors

from ..core import rival_reference as reference
from ..tools.test_dataset_scale import MODEL, TOOLS
from .toy import toy_dataset, write_toy

GENERATOR = AnchorGenerator([4, 8], [0.5, 2.0], octave_base_scale=1, scales_per_octave=2)
PRIORS = Priors("RetinaHead", levels_of(GENERATOR))
IMAGES = [
    (np.array([[3.0, 4, 9, 8], [20, 1, 23, 30]]), np.array([40.0, 32])),
    (np.zeros((0, 4)), np.array([99.0, 99])),
    (np.array([[0.0, 0, 5, 5]]), np.array([17.0, 23])),
]


def test_agrees_with_a_slow_reference():
    pairs = []
    for boxes, (width, height) in IMAGES:
        sizes = [(int(-(-height // stride)), int(-(-width // stride))) for stride in (4, 8)]
        anchors = torch.cat(GENERATOR.grid_priors(sizes, device="cpu")).tolist()
        pairs.append((boxes.tolist(), anchors))
    found = similarity_scales(IMAGES, PRIORS)
    assert (found.m, found.n) == pytest.approx(reference.similarity_scales(pairs), rel=1e-6)
    assert found.pairs == sum(len(boxes) * len(anchors) for boxes, anchors in pairs)


def test_refused():
    with pytest.raises(ValueError, match="no object: m and n of SimD are not defined"):
        similarity_scales(IMAGES[1:2], PRIORS)
    with pytest.raises(ValueError, match="SimD compares boxes with anchors, but points has points"):
        similarity_scales(IMAGES, point_priors([8]))


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the tool in this process: exit code, stdout, stderr."""
    monkeypatch.syspath_prepend(str(TOOLS))
    monkeypatch.syspath_prepend(str(TOOLS / "analysis"))
    tool = importlib.import_module("similarity_scales")
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, "level", logger.level)  # the tool changes it

    def call(*args) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["similarity_scales.py", *map(str, args)])
        return tool.main(), *capsys.readouterr()

    return call


class TestTool:
    @pytest.fixture
    def config(self, tmp_path):
        write_toy(tmp_path)
        pipeline = [
            dict(type="LoadImageFromFile"),
            dict(type="LoadAnnotations", with_bbox=True),
            dict(type="PackDetInputs"),
        ]
        dataset = toy_dataset(tmp_path, pipeline=pipeline)
        path = tmp_path / "config.py"
        path.write_text(f"train_dataloader = dict(dataset={dataset})\n{MODEL}")
        return path

    def test_prints_what_a_config_takes(self, run, config):
        code, out, _ = run(config)
        assert code == 0
        assert 'dict(type="SimDOverlaps2D", m=' in out and "pairs of ground truth and anchor" in out

    def test_names_what_is_wrong(self, run, config, tmp_path):
        code, _, err = run(tmp_path / "none.py")
        assert code == 2 and "none.py is not there" in err
        code, _, err = run(config, "--cfg-options", "train_dataloader.dataset.ann_file=none.json")
        assert code == 2 and "none.json" in err
        config.write_text(config.read_text() + "\nmodel = dict(bbox_head=None)\n")
        code, _, err = run(config)
        assert code == 2 and "the head has no anchors to compare objects with" in err
