"""What the page on AI-TOD says fits the code."""

import re
from pathlib import Path

from mmengine.config import Config

from adla.datasets.converters.aitod_files import SPLITS, VERSIONS, config_name, known_names

REPO = Path(__file__).parents[2]
AITOD = (REPO / "docs" / "datasets" / "aitod.md").read_text()


def test_config_for_v2(tmp_path):
    snippet = re.search(r"```python\n(.*?)```", AITOD, re.DOTALL)[1]
    (tmp_path / "config.py").write_text(snippet.replace('"configs/', f'"{REPO}/configs/'))
    cfg = Config.fromfile(tmp_path / "config.py")
    names = [loader.dataset.ann_file for loader in (cfg.train_dataloader, cfg.val_dataloader)]
    names.append(cfg.test_dataloader.dataset.ann_file)
    ours = [f"annotations/{config_name('v2', s)}" for s in ("trainval", "test", "test")]
    assert names == ours
    assert cfg.test_evaluator.ann_file == cfg.val_evaluator.ann_file == f"data/aitod/{ours[1]}"
    base = Config.fromfile(REPO / "configs/_base_/datasets/aitod_detection.py")
    assert base.train_dataloader.dataset.ann_file == f"annotations/{config_name('v1', 'trainval')}"


def test_every_name_is_listed():
    for version in VERSIONS:
        for split in SPLITS:
            for name in known_names(version, split):
                general = re.sub(r"train(val|ing)?(?=[_.])|val(idation)?(?=[_.])|test", "{}", name)
                assert general in AITOD
