"""What docs/protocol.md says and shows."""

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from adla.evaluation import TinyEvaluation

from .cases import random_case

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/protocol.md").read_text()


def test_the_example_prints_what_the_page_says():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (expected,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, {})
    lines = [s for s in printed.getvalue().splitlines() if s.startswith(("coco/", "tiny/"))]
    assert lines == expected.splitlines()


def test_every_number_is_on_the_page():
    table = set(re.findall(r"`([\w@]+)`", PAGE.split("\n- ")[0]))
    assert table >= set(TinyEvaluation(*random_case(0)).summarize())


@pytest.mark.slow
def test_benchmark():
    tool = ROOT / "tools/benchmark/evaluation.py"
    command = [sys.executable, str(tool), "--images", "4"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "4 images, " in result.stdout and "1,200 detections" in result.stdout
    assert re.search(r"in any number: [01]\.\de[-+]\d\d", result.stdout)
