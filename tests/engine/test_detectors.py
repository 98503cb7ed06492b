"""Every detector with the method: it trains, overfits four images, and stays the stock one."""

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.testing import demo_mm_inputs

from .slim import slim_model
from .training import scalars, tiny_config, train

pytestmark = pytest.mark.slow

EPOCHS = 6
# The method, and the stock detector that it must stay.
DETECTORS = {
    "mask_rcnn/mask-rcnn_r50_fpn_adla-tuned-anchors-1x_aitod.py": "adla-",
    "cascade_rcnn/cascade-rcnn_r50_fpn_adla-tuned-anchors-1x_aitod.py": "adla-",
    "tridentnet/tridentnet_r50-caffe_adla-tuned-anchors-1x_aitod.py": "adla-",
    "detectors/detectors_cascade-rcnn_r50_adla-tuned-anchors-1x_aitod.py": "adla-",
    "ssd/ssd512_adla-1x_aitod.py": "adla-",
    "atss/atss_r50_fpn_adla-tuned-anchors-1x_aitod.py": "adla-",
    "faster_rcnn/faster-rcnn_r50_fpn_adla-rcnn-adla-1x_aitod.py": "adla-rcnn-adla-",
}


def input_size(name: str) -> int:
    return 96 if "detectors" in name else 64  # switchable convolutions need 3 pixels of stride 32


def overfit_config(name, scenes, work_dir):
    """One iteration an epoch, always on the same four images."""
    cfg = tiny_config(scenes, work_dir)
    cfg.model = slim_model(name)
    data = cfg.train_dataloader
    *load, pack = data.dataset.pipeline
    masks = [dict(type="BoxMasks")] if "mask_head" in cfg.model.get("roi_head", {}) else []
    resize = dict(type="Resize", scale=(input_size(name),) * 2, keep_ratio=True)
    data.dataset.pipeline = [*load, *masks, resize, pack]
    data.dataset.indices = data.batch_size = 4
    cfg.train_cfg.max_epochs = EPOCHS
    for part in ("cfg", "dataloader", "evaluator"):
        cfg[f"val_{part}"] = cfg[f"test_{part}"] = None
    cfg.optim_wrapper.optimizer.lr = 1e-4 if "ssd" in name else 1e-3
    cfg.default_hooks.logger.interval = 1
    cfg.default_hooks.checkpoint.interval = -1
    return cfg


def stock_detector(name):
    """Return the detector of the baseline's config, with mmdet's own heads."""
    model = slim_model(name)
    if model.type != "SingleStageDetector":
        return MODELS.build(model).eval()
    model.bbox_head.type = "SSDHead"
    detector = MODELS.build(model).eval()
    detector.bbox_head.loss_cls = None  # see test_mmdets_own_ssd_can_not_predict
    return detector


def predictions(model, size):
    generator = torch.Generator().manual_seed(0)
    batch = demo_mm_inputs(1, (3, size, size))
    batch["inputs"] = [torch.randint(0, 255, (3, size, size), generator=generator)]
    with torch.no_grad():
        (sample,) = model(**model.data_preprocessor(batch), mode="predict")
    return sample.pred_instances


@pytest.mark.parametrize("name", DETECTORS, ids=lambda name: name.split("/")[0])
def test_trains_overfits_and_stays_the_stock_detector(name, scenes, tmp_path):
    model = train(overfit_config(name, scenes, tmp_path)).model.eval()
    losses = [record["loss"] for record in scalars(tmp_path) if "loss" in record]
    assert len(losses) == EPOCHS and torch.tensor(losses).isfinite().all()
    assert losses[-1] < 0.8 * losses[0], losses

    stock = stock_detector(name.replace(DETECTORS[name], ""))
    assert list(stock.state_dict()) == list(model.state_dict())
    stock.load_state_dict(model.state_dict())
    ours, theirs = (predictions(m, input_size(name)) for m in (model, stock))
    assert len(ours) > 0
    assert ours.bboxes.equal(theirs.bboxes) and ours.scores.equal(theirs.scores)
    assert ours.labels.equal(theirs.labels)
