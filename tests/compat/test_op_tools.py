"""tools/benchmark/ops.py and compare_ops.py, on few boxes and against themselves."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]


def run(script, *arguments, returncode=0):
    result = subprocess.run(
        [sys.executable, f"tools/benchmark/{script}.py", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        text=True,
        capture_output=True,
    )
    assert result.returncode == returncode, result.stderr[-2000:]
    return result


@pytest.mark.slow
def test_times_beside_torchvision():
    few = ("--boxes", 50, "--regions", 4, "--priors", 100, "--repeats", 1)
    result = run("ops", *few)
    assert len(re.findall(r"\d\.\d\dx", result.stdout)) == 4
    assert "those of adla.compat" in result.stdout
    result = run("ops", *few, "--limit", 1e-6, returncode=1)
    assert result.stderr.splitlines()[-1].startswith("above 1e-06x: NMS, 50 boxes; RoIAlign")


@pytest.mark.slow
def test_differences_from_another_environment(tmp_path):
    file = tmp_path / "ops.pt"
    run("compare_ops", "--save", file)
    saved = torch.load(file, weights_only=True)
    assert not [name for name, found in saved["results"].items() if isinstance(found, str)]
    saved["results"]["roi_align, avg"]["output"][0] += 0.5
    saved["results"]["nms"]["IoU 0.5"] = saved["results"]["nms"]["IoU 0.5"][1:]
    saved["results"]["carafe"] = "carafe_forward_impl: implementation for device cpu not found."
    torch.save(saved, file)
    lines = run("compare_ops", "--against", file).stdout.splitlines()
    lines = [line for line in lines if line.startswith("|")][2:]
    differing = [line for line in lines if not re.search(r"\| 0 +\| 0 +\|$", line)]
    assert len(lines) > 30
    assert [line.split("|")[1].strip() for line in differing] == ["nms", "roi_align, avg", "carafe"]
    assert "5.0e-01" in differing[1] and "no kernel for this device (there)" in differing[2]
