"""Mixed precision: the network in bfloat16, all that a head computes beside its forward in fp32."""

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.testing import demo_mm_inputs
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from torch import nn

from adla.compat.processor import bf16_units
from adla.engine import MixedPrecisionOptimWrapper
from adla.engine.optim_wrappers import mixed_precision
from adla.engine.optim_wrappers.network_autocast import autocast_network

CONFIG = "configs/demo/retinanet_csp-nano_fpn-p2_adla-light_scenes.py"


class Block(nn.Module):
    """A part of a network that remembers what it computed in."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, x):
        self.inner = self.conv(x)
        return [self.inner], {"box": (self.inner, torch.ones(1, dtype=torch.long))}


class Head(nn.Module):
    """A head of one block, with a loss."""

    def __init__(self):
        super().__init__()
        self.block = Block()
        self.criterion = nn.L1Loss()

    def forward(self, x):
        return self.block(x)

    def loss(self, x):
        (out,), _ = self(x)
        return self.criterion(out @ out, out)


def test_only_the_network_is_autocast():
    head, image = Head(), torch.rand(1, 3, 4, 4)
    with autocast_network("cpu", torch.bfloat16):
        (out,), parts = head(image)
        loss = head.loss(image)
    assert head.block.inner.dtype == torch.bfloat16
    assert out.dtype == parts["box"][0].dtype == loss.dtype == torch.float32
    assert parts["box"][1].dtype == torch.long
    head(image)
    assert head.block.inner.dtype == torch.float32  # the hooks are gone


def test_an_error_inside_ends_the_autocast():
    head = Head()
    with pytest.raises(RuntimeError, match="channels"), autocast_network("cpu", torch.bfloat16):
        with pytest.raises(RuntimeError, match="channels"):
            head(torch.rand(1, 2, 4, 4))
        assert not torch.is_autocast_enabled("cpu")
        head(torch.rand(1, 2, 4, 4))
    assert not torch.is_autocast_enabled("cpu")


def make_wrapper(model, **options):
    optimizer = dict(type="SGD", lr=0.01, momentum=0.9)
    return build_optim_wrapper(
        model, dict(type="MixedPrecisionOptimWrapper", optimizer=optimizer, **options)
    )


def test_a_detector_computes_its_losses_in_fp32(monkeypatch):
    monkeypatch.setattr(mixed_precision, "bf16_units", lambda: ["bf16"])
    cfg = Config.fromfile(CONFIG)
    init_default_scope(cfg.default_scope)
    cfg.model.backbone.init_cfg = None
    model = MODELS.build(cfg.model)
    model.bbox_head.assigner.set_progress(0)
    seen = {}
    loss_by_feat = model.bbox_head.loss_by_feat

    def watch(cls_scores, bbox_preds, *args, **kwargs):
        seen["dtypes"] = {part.dtype for part in (*cls_scores, *bbox_preds)}
        seen["autocast"] = torch.is_autocast_enabled("cpu")
        return loss_by_feat(cls_scores, bbox_preds, *args, **kwargs)

    monkeypatch.setattr(model.bbox_head, "loss_by_feat", watch)
    first = next(part for part in model.backbone.modules() if isinstance(part, nn.Conv2d))
    first.register_forward_hook(lambda *_: seen.update(net=torch.is_autocast_enabled("cpu")))
    wrapper = make_wrapper(model)
    losses = model.train_step(
        demo_mm_inputs(2, image_shapes=[(3, 64, 64)] * 2, num_classes=2), wrapper
    )
    assert seen == {"dtypes": {torch.float32}, "autocast": False, "net": True}
    assert all(torch.isfinite(value) for value in losses.values())
    assert all(p.grad is None or p.grad.dtype == torch.float32 for p in model.parameters())


def test_without_bf16_units_it_stays_fp32(monkeypatch, tmp_path):
    info = tmp_path / "cpuinfo"
    for text, expected in (
        ("flags\t\t: fpu avx512f avx512_bf16\n", ["avx512_bf16"]),
        ("Features\t: fp asimd bf16\n", ["bf16"]),
        ("flags\t\t: fpu avx512f\n", []),
    ):
        info.write_text(text)
        assert bf16_units(info) == expected
    assert not bf16_units(tmp_path / "none")
    monkeypatch.setattr(mixed_precision, "bf16_units", lambda: [])
    head = Head()
    wrapper = make_wrapper(head)
    with wrapper.optim_context(head):
        head(torch.rand(1, 3, 4, 4))
    assert head.block.inner.dtype == torch.float32


def test_the_state_passes_between_wrappers():
    head = Head()
    wrapper = make_wrapper(head)
    wrapper.update_params(head.loss(torch.rand(1, 3, 4, 4)))
    other = make_wrapper(head)
    other.load_state_dict(wrapper.state_dict())
    assert (
        other.optimizer.state_dict()["state"].keys()
        == wrapper.optimizer.state_dict()["state"].keys()
    )
    from_a_gpu = wrapper.state_dict()
    from_a_gpu["loss_scaler"] = {"scale": 65536.0, "growth_factor": 2.0}
    other.load_state_dict(from_a_gpu)
    assert "loss_scaler" not in from_a_gpu


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(dtype="float64"), "dtype must be 'float16', 'bfloat16' or None, but got 'float64'"),
        (dict(dtype="float16"), "float16 needs a GPU"),
    ],
)
def test_types_that_do_not_fit(options, message):
    with pytest.raises(ValueError, match=message):
        MixedPrecisionOptimWrapper(
            optimizer=torch.optim.SGD(Head().parameters(), lr=0.1), **options
        )
