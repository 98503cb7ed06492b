"""OSCAR learns: four images by heart, and through the runner."""

import itertools
import math

import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import MODELS, TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes, bbox_overlaps
from mmengine.dataset import Compose, pseudo_collate
from mmengine.runner import Runner

from ..config_utils import load, write_coco

LIGHT = "oscar/oscar_csp-nano-p2_fpn-48_light_sirst-v2.py"
PUBLISHED = "oscar/oscar_r18-p2_fpn-128_1x_sirst-v2.py"
_numbers = itertools.count()


def blob_images():
    """Four images of 64 px through the transforms: 2, 1, 1 and no target of 4 to 6 px."""
    rng = np.random.default_rng(0)
    pipeline = Compose(
        [TRANSFORMS.build({"type": t}) for t in ("GenerateNoCoMap", "PackDetInputs")]
    )
    samples = []
    for corners in ([(10, 12, 5), (41, 40, 4)], [(50, 20, 6)], [(23, 47, 5)], []):
        image = rng.normal(100, 4, (64, 64)).astype(np.float32)
        boxes = [(x, y, x + side, y + side) for x, y, side in corners]
        for x1, y1, x2, y2 in boxes:
            image[y1:y2, x1:x2] += 90
        image = cv2.cvtColor(image.clip(0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)
        samples.append(
            pipeline(
                {
                    "img": image,
                    "img_shape": (64, 64),
                    "ori_shape": (64, 64),
                    "scale_factor": (1.0, 1.0),
                    "gt_bboxes": HorizontalBoxes(np.array(boxes, np.float32).reshape(-1, 4)),
                    "gt_bboxes_labels": np.zeros(len(boxes), np.int64),
                }
            )
        )
    return pseudo_collate(samples)


@pytest.mark.slow
def test_learns_four_images_by_heart():
    torch.manual_seed(0)
    cfg = load(LIGHT)
    model = MODELS.build(cfg.model)
    model.init_weights()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.2  # its running statistics follow within sixty steps
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.004)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.006, total_steps=60)
    history = []
    for _ in range(60):
        data = model.data_preprocessor(blob_images(), True)
        loss, parts = model.parse_losses(model(**data, mode="loss"))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        history.append({key: value.item() for key, value in parts.items()})
    for name, first in history[0].items():
        assert history[-1][name] < first / 2, (name, first, history[-1][name])

    data = model.data_preprocessor(blob_images(), False)
    model.eval()
    with torch.no_grad():
        results = model(**data, mode="predict")
    for result in results:
        found, boxes = result.pred_instances, result.gt_instances.bboxes
        best = found[: len(boxes)]
        assert len(best) == len(boxes)
        if len(boxes):
            assert bbox_overlaps(boxes, best.bboxes).amax(1).min() > 0.5
            assert best.scores.min() > 0.5
        assert not (found[len(boxes) :].scores > 0.1).any()


def runner(name, folder, **options):
    cfg = load(name)
    cfg.work_dir = str(folder / "work")
    cfg.experiment_name = cfg.visualizer.name = f"oscar_{next(_numbers)}"
    for split in ("train", "val"):
        loader = cfg[f"{split}_dataloader"]
        loader.num_workers, loader.persistent_workers = 0, False
        dataset = loader.dataset.get("dataset", loader.dataset)
        dataset.data_root = f"{folder}/"
        write_coco(folder, dataset, [(130, 120), (140, 90)])
    for evaluator in cfg.val_evaluator:
        evaluator.ann_file = f"{folder}/{cfg.val_dataloader.dataset.ann_file}"
    cfg.test_dataloader, cfg.test_evaluator = cfg.val_dataloader, cfg.val_evaluator
    cfg.merge_from_dict(
        {
            "train_dataloader.batch_size": 2,
            "train_cfg.max_epochs": 1,
            "train_cfg.val_interval": 2,  # none: the tests call test()
            "model.test_cfg.score_thr": 0.0,
            **options,
        }
    )
    return Runner.from_cfg(cfg)


@pytest.mark.slow
def test_light_config_trains_and_tests_through_the_runner(tmp_path):
    light = runner(LIGHT, tmp_path)
    before = {k: v.clone() for k, v in light.model.state_dict().items()}
    light.train()
    after = light.model.state_dict()
    assert all(value.isfinite().all() for value in after.values())
    assert not torch.equal(
        before["bbox_head.layers.noco.weight"], after["bbox_head.layers.noco.weight"]
    )
    metrics = light.test()
    assert {"tiny/AP50", "sirst/mNoCoAP", "sirst/AP_50_90"} <= set(metrics)
    assert not any(math.isnan(value) for value in metrics.values())


@pytest.mark.slow
def test_published_config_trains_through_the_runner(tmp_path):
    small = {"type": "Resize", "scale": (100, 60), "keep_ratio": True}
    published = runner(
        PUBLISHED,
        tmp_path,
        **{
            "train_dataloader.dataset.dataset.pipeline.2": small,
            "val_dataloader.dataset.pipeline.1": small,
        },
    )
    published.train()
    assert published.iter == 3  # two images, three times each, in batches of two
