"""What the README tells a stranger to write or run is there and builds."""

import re
import shlex
from pathlib import Path

import pytest
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from adla.cli.table import parse_args
from adla.engine.assigners import find_assigners
from adla.experiments.selection import find_rows, find_table
from adla.experiments.tables import load_tables
from adla.models import AdaptiveDynamicAssigner, SparseMaxIoUAssigner

REPO = Path(__file__).parents[1]
README = (REPO / "README.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
PAGES = [REPO / "README.md", REPO / "CONTRIBUTING.md", REPO / "configs/README.md"]
PAGES += sorted((REPO / "docs").rglob("*.md"))


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_config_snippets_build_with_the_method_in_place(snippet, tmp_path):
    if "_base_" not in snippet:
        snippet = "_base_ = 'mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py'\n" + snippet
    (tmp_path / "config.py").write_text(snippet)
    cfg = Config.fromfile(tmp_path / "config.py")
    cfg.model.backbone.init_cfg = None
    init_default_scope("mmdet")
    assigners = find_assigners(MODELS.build(cfg.model))
    ours = (AdaptiveDynamicAssigner, SparseMaxIoUAssigner)
    assert any(isinstance(assigner, ours) for assigner in assigners.values())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_page_names_exist(page):
    text = page.read_text()
    named = re.findall(r"(?:configs|tools)/[\w./-]+\.(?:py|sh)", text)
    missing = [name for name in named if not (REPO / name).exists()]
    links = re.findall(r"\]\(([\w./-]+)\)", text)
    missing += [link for link in links if not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_table_commands_of_a_page_name_tables_and_rows_that_exist(page):
    tables = load_tables(REPO / "configs/paper_tables.yml")
    for command in re.findall(r"^ *adla table (.+)", page.read_text(), re.MULTILINE):
        args = parse_args(shlex.split(command.replace("$C", "KEY=VALUE")))
        named = getattr(args, "tables", None) or [getattr(args, "table", None) or "light"]
        found = [find_table(tables, name) for name in named]
        find_rows(found[0], getattr(args, "rows", []))
