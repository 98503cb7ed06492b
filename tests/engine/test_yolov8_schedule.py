"""YOLOv8's rates, summed gradients and average, in a real runner, against numbers by hand."""

import adla  # noqa: F401  isort: skip  before mmdet

import math

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

from adla.engine import SummingOptimWrapper, YOLOv8ScheduleHook
from adla.engine.hooks import RampedEMA

WRAPPER = dict(
    type="SummingOptimWrapper",
    optimizer=dict(type="SGD", lr=0.01, momentum=0.937, weight_decay=0.0005),
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0),
)


class Slope(BaseModel):
    """A weight, a norm and two biases; the gradient of the weight is 1 in every iteration."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Linear(1, 1)
        self.norm = nn.BatchNorm1d(1)

    def forward(self, inputs, data_samples=None, mode="loss"):
        return dict(loss=self.conv.weight.sum() + 0 * (self.conv.bias + self.norm.weight).sum())


class Recorder(Hook):
    priority = "VERY_LOW"

    def __init__(self):
        self.rows = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        wrapper = runner.optim_wrapper
        rows = {
            name: group for name, group in zip(self.names(runner), groups(wrapper), strict=True)
        }
        self.rows.append(
            dict(
                lr={name: group["lr"] for name, group in rows.items()},
                decay={name: group["weight_decay"] for name, group in rows.items()},
                momentum=rows["conv.weight"].get("momentum"),
                counts=wrapper._accumulative_counts,
                updated=wrapper.updated,
                weight=runner.model.conv.weight.item(),
            )
        )

    def names(self, runner):
        known = {id(p): name for name, p in runner.model.named_parameters()}
        return [known[id(group["params"][0])] for group in groups(runner.optim_wrapper)]


def groups(wrapper):
    return wrapper.optimizer.param_groups


def run(
    tmp_path,
    batch=4,
    epochs=6,
    images=80,
    hooks=(),
    wrapper=None,
    resume=False,
    auto_scale_lr=None,
    **schedule,
):
    recorder = Recorder()
    torch.manual_seed(0)
    runner = Runner(
        model=Slope(),
        work_dir=str(tmp_path),
        train_dataloader=dict(
            batch_size=batch,
            dataset=[dict(inputs=torch.zeros(1)) for _ in range(images)],
            sampler=dict(type="DefaultSampler", shuffle=False),
            collate_fn=dict(type="default_collate"),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper={**WRAPPER, **(wrapper or {})},
        default_hooks=dict(logger=None, timer=None, checkpoint=dict(type="CheckpointHook")),
        custom_hooks=[YOLOv8ScheduleHook(**schedule), recorder, *hooks],
        default_scope="mmdet",
        experiment_name=f"schedule_{tmp_path.name}_{epochs}_{resume}",
        resume=resume,
        auto_scale_lr=auto_scale_lr,
        cfg=dict(),
    )
    runner.train()
    return recorder.rows, runner


def test_six_epochs_of_twenty_batches(tmp_path):
    """What a training with ultralytics 8.3.40 and these settings did, and by hand."""
    rows, _ = run(tmp_path)
    assert len(rows) == 120
    # Warmup of max(3 * 20, 100) iterations. Epoch e has the rate .01 (.99 (1 - e / 6) + .01).
    first, eleventh, late, after = rows[0], rows[11], rows[88], rows[100]
    biases, others = ("conv.bias", "norm.bias"), ("conv.weight", "norm.weight")
    assert [first["lr"][name] for name in biases] == [0.1, 0.1]
    assert [first["lr"][name] for name in others] == [0, 0]
    assert (first["momentum"], first["counts"]) == (0.8, 1)
    # .1 + 11 / 100 (.01 - .1) = .0901; 11 / 100 * .01; .8 + .11 * .137; 1 + .11 * 15 = 2.65.
    assert eleventh["lr"]["norm.bias"] == pytest.approx(0.0901)
    assert eleventh["lr"]["conv.weight"] == pytest.approx(0.0011)
    assert (eleventh["momentum"], eleventh["counts"]) == (pytest.approx(0.81507), 3)
    # Epoch 4: .01 (.33 + .01) = .0034; .88 of it, and .1 - .88 (.1 - .0034) = .014992.
    assert late["lr"]["conv.weight"] == pytest.approx(0.002992)
    assert late["lr"]["conv.bias"] == pytest.approx(0.014992)
    # Epoch 5: .01 (.165 + .01).
    assert list(after["lr"].values()) == pytest.approx([0.00175] * 4)
    assert (after["momentum"], after["counts"]) == (0.937, 16)
    # As soon as 1 + .15 i iterations, rounded, have passed since the last step; 16 from 100 on.
    steps = [0, 1, 2, 3, 5, 7, 9, 12, 15, 19, 23, 28, 34, 41, 49, 59, 71, 85, 101, 117]
    assert [i for i, row in enumerate(rows) if row["updated"]] == steps


def test_auto_scale_lr_leaves_a_rate_that_is_meant_for_64_images(tmp_path):
    """mmengine doubles it for batches of 8; a step has 64 images with either batch."""
    scaling = dict(enable=True, base_batch_size=4)
    rows, _ = run(tmp_path, batch=8, epochs=1, warmup_epochs=0, auto_scale_lr=scaling)
    assert list(rows[0]["lr"].values()) == pytest.approx([0.01] * 4)
    rows, _ = run(tmp_path, batch=8, epochs=2, warmup_epochs=0, auto_scale_lr=scaling, resume=True)
    # .01 (.99 / 2 + .01)
    assert list(rows[-1]["lr"].values()) == pytest.approx([0.00505] * 4)


def test_the_weight_decay_is_meant_for_64_images(tmp_path):
    wanted = {4: 0.0005, 48: 0.0005 * 48 / 64, 128: 0.001}  # 16, 1 and 1 batches in one step
    for batch, decay in wanted.items():
        rows, _ = run(tmp_path / str(batch), batch=batch, epochs=1, images=128)
        assert rows[-1]["decay"]["conv.weight"] == pytest.approx(decay)
        assert {rows[-1]["decay"][name] for name in ("conv.bias", "norm.weight")} == {0}


def test_gradients_are_summed_not_averaged_and_clipped(tmp_path):
    """Without momentum and decay a step is rate times gradient: 4 iterations of gradient 1."""
    schedule = dict(warmup_epochs=0, final_factor=1.0, nominal_batch=16)
    plain = dict(optimizer=dict(type="SGD", lr=0.01, weight_decay=0.0))
    rows, _ = run(tmp_path / "a", epochs=1, images=40, wrapper=plain, **schedule)
    start = rows[0]["weight"]
    moved = [round((start - row["weight"]) / 0.01, 4) for row in rows]
    assert moved == [0, 0, 0, 4, 4, 4, 4, 8, 8, 8]  # the last two of ten are dropped
    plain["clip_grad"] = dict(max_norm=2.5)
    rows, _ = run(tmp_path / "b", epochs=1, images=16, wrapper=plain, **schedule)
    assert (start - rows[-1]["weight"]) / 0.01 == pytest.approx(2.5, abs=1e-3)


def test_resumes_where_it_was(tmp_path):
    """Accumulation ends with the epoch here: nothing is lost between."""
    schedule = dict(nominal_batch=4)
    whole, _ = run(tmp_path / "whole", epochs=4, **schedule)
    run(tmp_path / "parts", epochs=4, hooks=[StopAfter(2)], **schedule)
    rest, _ = run(tmp_path / "parts", epochs=4, resume=True, **schedule)
    assert rest == whole[40:]


class StopAfter(Hook):
    def __init__(self, epochs):
        self.epochs = epochs

    def after_train_epoch(self, runner):
        if runner.epoch + 1 == self.epochs:
            runner.train_loop.stop_training = True
            runner.train_loop._max_epochs = self.epochs


def test_the_average_follows_the_steps(tmp_path):
    from adla.engine import UpdateEMAHook

    hook = UpdateEMAHook()
    schedule = dict(warmup_epochs=0, final_factor=1.0, nominal_batch=16)
    plain = dict(optimizer=dict(type="SGD", lr=0.01, weight_decay=0.0))
    rows, _ = run(tmp_path, epochs=1, images=32, hooks=[hook], wrapper=plain, **schedule)
    start = rows[0]["weight"]
    shares = [0.9999 * (1 - math.exp(-k / 2000)) for k in (1, 2)]
    average = start
    for share, moved in zip(shares, (0.04, 0.08), strict=True):
        average = share * average + (1 - share) * (start - moved)
    assert hook.ema_model.module.conv.weight.item() == pytest.approx(average, abs=1e-6)
    assert hook.ema_model.steps == 3  # counts from 1


def test_shares_of_the_average():
    average = MODELS.build(dict(type="RampedEMA"), default_args=dict(model=nn.Linear(1, 1)))
    assert isinstance(average, RampedEMA)
    kept = torch.ones(1)
    average.avg_func(kept, torch.zeros(1), torch.tensor(1))
    assert kept.item() == pytest.approx(0.00049983, rel=1e-3)  # .9999 (1 - e^-.0005)
    kept = torch.ones(1)
    average.avg_func(kept, torch.zeros(1), torch.tensor(2000))
    assert kept.item() == pytest.approx(0.632057, rel=1e-5)  # .9999 (1 - 1 / e)


def test_mixed_precision_sums_too(tmp_path):
    """``--amp`` sets the type and a loss scale, and leaves the other settings."""
    amp = dict(type="MixedPrecisionOptimWrapper", loss_scale="dynamic", sum_gradients=True)
    amp["optimizer"] = dict(type="SGD", lr=0.01, weight_decay=0.0)
    schedule = dict(warmup_epochs=0, final_factor=1.0, nominal_batch=16)
    rows, _ = run(tmp_path, epochs=1, images=40, wrapper=amp, **schedule)
    moved = [round((rows[0]["weight"] - row["weight"]) / 0.01, 4) for row in rows]
    assert moved == [0, 0, 0, 4, 4, 4, 4, 8, 8, 8]


def test_a_mean_is_still_to_be_had(tmp_path):
    wrapper = SummingOptimWrapper(
        sum_gradients=False,
        accumulative_counts=2,
        optimizer=torch.optim.SGD([weight := nn.Parameter(torch.zeros(1))], lr=1.0),
    )
    wrapper.initialize_count_status(nn.Linear(1, 1), 0, 4)
    for gradient in (1.0, 3.0):
        wrapper.update_params((weight * gradient).sum())
    assert weight.item() == -2 and wrapper.updated


def test_what_cannot_work_is_refused(tmp_path):
    with pytest.raises(ValueError, match="final_factor must be in"):
        YOLOv8ScheduleHook(final_factor=0)
    with pytest.raises(ValueError, match=r"needs optim_wrapper=dict\(type='SummingOptimWrapper'"):
        run(tmp_path / "a", wrapper=dict(type="OptimWrapper"))
    with pytest.raises(ValueError, match="biases need parameter groups of their own"):
        run(tmp_path / "b", wrapper=dict(paramwise_cfg=None))
    assert SummingOptimWrapper.updated is False
