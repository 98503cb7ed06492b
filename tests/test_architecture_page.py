"""The examples of docs/architecture.md do what the page says."""

import math
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmdet.registry import DATASETS, METRICS, TASK_UTILS
from mmengine.structures import InstanceData

PAGE = Path(__file__).parents[1] / "docs/architecture.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture(scope="module", autouse=True)
def examples():
    """Run the blocks once, and take their classes out of the registries afterwards."""
    names = {}
    for block in BLOCKS:
        exec(compile(block, str(PAGE), "exec"), names)
    yield names
    for registry in (DATASETS, METRICS, TASK_UTILS):
        for name in set(names) & set(registry.module_dict):
            if registry.module_dict[name].__module__ == "builtins":
                del registry.module_dict[name]


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_runs_in_a_fresh_interpreter(block):
    result = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_the_similarity_serves_an_assigner():
    assigner = TASK_UTILS.build(
        dict(
            type="SparseMaxIoUAssigner",
            pos_iou_thr=0.5,
            neg_iou_thr=0.4,
            iou_calculator=dict(type="CenterOverlaps2D"),
        )
    )
    priors = InstanceData(priors=torch.tensor([[0.0, 0, 4, 4], [20, 20, 24, 24]]))
    objects = InstanceData(bboxes=torch.tensor([[1.0, 0, 5, 4]]), labels=torch.tensor([2]))
    result = assigner.assign(priors, objects)
    assert result.gt_inds.tolist() == [1, 0]
    assert result.max_overlaps[0].item() == pytest.approx(math.exp(-1))  # centers 1 px apart


@pytest.mark.parametrize(
    ("priors", "gts", "expected"),
    [
        ([[0, 0, 4, 4], [8, 8, 9, 9]], [[1, 1, 4, 4], [9, 9, 12, 12]], [1, 0]),
        ([[0, 0, 4, 4]], [], [0]),
        ([], [[1, 1, 4, 4]], []),
        ([], [], []),
    ],
)
def test_the_assigner_takes_the_canonical_cases(priors, gts, expected):
    assigner = TASK_UTILS.build(dict(type="CenterInsideAssigner"))
    result = assigner.assign(
        InstanceData(priors=torch.tensor(priors).reshape(-1, 4).float()),
        InstanceData(
            bboxes=torch.tensor(gts).reshape(-1, 4).float(),
            labels=torch.arange(len(gts)) + 3,
        ),
    )
    assert result.gt_inds.tolist() == expected
    assert result.labels.tolist() == [3 if index else -1 for index in expected]


def test_the_data_set_and_the_metric_are_registered():
    assert DATASETS.get("DroneDataset").METAINFO["classes"] == ("person", "car")
    assert METRICS.get("StrictMetric").default_prefix == "tiny"
