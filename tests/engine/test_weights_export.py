from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from adla.config_file import build_model
from adla.engine.hooks import UpdateEMAHook
from adla.engine.hooks.update_ema_hook import RampedEMA
from adla.engine.weights_export import detection_config, export_weights, training_digest
from adla.inference.detector import stored_config
from adla.models.checkpoints import check_weights
from tests.inference.random_detector import CLASSES

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = {
    "retinanet": "demo/retinanet_csp-nano_fpn-p2_adla-light_scenes.py",
    "yolov8": "msla/yolov8-n_pafpn-p2_msla-light_sirst-v2.py",
}


def save_training(path, name):
    """Save a checkpoint as a training with averaged weights does; return raw and averaged ones."""
    torch.manual_seed(0)
    cfg = Config.fromfile(ROOT / "configs" / CONFIGS[name])
    cfg.work_dir = "somewhere"
    init_default_scope("mmdet")
    model = MODELS.build(cfg.model)
    hook = UpdateEMAHook()
    hook.ema_model = RampedEMA(model)
    raw = {key: value.clone() for key, value in model.state_dict().items()}
    with torch.no_grad():
        for value in hook.ema_model.module.parameters():
            value += 1
    averaged = {key: value.clone() for key, value in hook.ema_model.module.state_dict().items()}
    classes = CLASSES[: cfg.model.bbox_head.num_classes]
    checkpoint = {
        "state_dict": dict(model.state_dict()),
        "optimizer": {"state": torch.zeros(10_000)},
        "meta": {
            "cfg": cfg.pretty_text,
            "dataset_meta": {"classes": classes},
            "experiment_name": "retina_20260101_000000",
            "epoch": 3,
        },
    }
    hook.before_save_checkpoint(None, checkpoint)
    torch.save(checkpoint, path)
    return raw, averaged


@pytest.mark.parametrize("name", CONFIGS)
def test_the_average_is_taken_and_fits_the_config_that_comes_with_it(name, tmp_path):
    raw, averaged = save_training(tmp_path / "epoch_3.pth", name)
    out = tmp_path / "out/model.pth"
    written = export_weights(tmp_path / "epoch_3.pth", out, "mine")
    assert written.averaged and written.size == out.stat().st_size
    assert written.parameters == sum(value.numel() for value in raw.values())
    content = torch.load(out, weights_only=True)
    assert set(content) == {"state_dict", "meta"}
    weights = content["state_dict"]
    for key, value in averaged.items():
        half = value.is_floating_point()
        assert weights[key].dtype == (torch.float16 if half else value.dtype)
        assert torch.equal(weights[key], value.half() if half else value)
    assert not torch.equal(weights[next(iter(raw))], next(iter(raw.values())).half())
    assert content["meta"]["config"] == "retina" and content["meta"]["about"] == "mine"
    assert "somewhere" not in out.read_bytes().decode("latin-1")
    config = stored_config(out)
    assert "train_cfg" not in config.model and "train_dataloader" not in config
    assert check_weights(build_model(config), weights, out, "it") == []
    assert [file.name for file in out.parent.iterdir()] == ["model.pth"]


def test_the_same_training_gives_the_same_file(tmp_path):
    save_training(tmp_path / "epoch_3.pth", "retinanet")
    for name in ("a.pth", "b.pth"):
        export_weights(tmp_path / "epoch_3.pth", tmp_path / name)
    assert (tmp_path / "a.pth").read_bytes() == (tmp_path / "b.pth").read_bytes()


def test_without_an_average_the_weights_themselves(tmp_path):
    raw, _ = save_training(tmp_path / "epoch_3.pth", "retinanet")
    checkpoint = torch.load(tmp_path / "epoch_3.pth", weights_only=True)
    del checkpoint["ema_state_dict"]
    checkpoint["state_dict"] = raw
    torch.save(checkpoint, tmp_path / "epoch_3.pth")
    written = export_weights(tmp_path / "epoch_3.pth", tmp_path / "model.pth")
    assert not written.averaged and 0 < written.largest_change < 1e-3
    weights = torch.load(tmp_path / "model.pth", weights_only=True)["state_dict"]
    assert torch.equal(weights["neck.lateral_convs.0.conv.weight"],
                       raw["neck.lateral_convs.0.conv.weight"].half())  # fmt: skip


def test_the_digest_is_that_of_the_training_and_not_of_its_folder():
    cfg = Config.fromfile(ROOT / "configs" / CONFIGS["retinanet"])
    first = training_digest(cfg)
    cfg.work_dir, cfg.resume = "elsewhere", True
    assert training_digest(cfg) == first
    cfg.optim_wrapper.optimizer.lr = 0.5
    assert training_digest(cfg) != first


def test_weights_of_other_networks_are_not_asked_for():
    cfg = Config.fromfile(ROOT / "configs/retinanet/retinanet_r50_fpn_1x_aitod.py")
    assert cfg.model.backbone.init_cfg.type == "Pretrained"
    kept = detection_config(cfg, "x.pth")
    assert "Pretrained" not in kept.pretty_text and kept.model.test_cfg == cfg.model.test_cfg


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"meta": {}}, "is no checkpoint of a training: it lacks meta.cfg"),
        ({"state_dict": None}, "is no checkpoint of a training: it lacks state_dict"),
        ("classes", "names no classes"),
        ("nan", "are not finite: the training went wrong"),
        ("large", "holds 70000, and 16 bits end at 65504"),
        ("lacking", "do not fit the config in it"),
        ("config", "holds no readable config: SyntaxError"),
        ("pipeline", "has no test_dataloader.dataset.pipeline"),
    ],
)
def test_what_is_refused_leaves_nothing(tmp_path, change, message):
    path, out = tmp_path / "epoch_3.pth", tmp_path / "out/model.pth"
    save_training(path, "retinanet")
    checkpoint = torch.load(path, weights_only=True)
    weights, meta = checkpoint["state_dict"], checkpoint["meta"]
    key = "bbox_head.retina_cls.bias"
    if change == "classes":
        meta["dataset_meta"] = {}
    elif change in ("nan", "large"):
        weights[key][0] = float("nan") if change == "nan" else 70_000
    elif change == "lacking":
        del weights[key]
    elif change == "config":
        meta["cfg"] = "model = ("
    elif change == "pipeline":
        meta["cfg"] = "model = dict(type='RetinaNet')"
    else:
        checkpoint = {k: v for k, v in (checkpoint | change).items() if v is not None}
    torch.save(checkpoint, path)
    with pytest.raises(ValueError, match=message):
        export_weights(path, out)
    assert not list(tmp_path.rglob("out/*"))
