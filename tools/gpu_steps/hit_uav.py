"""Step f: RetinaNet R50 from scratch on HIT-UAV, with fixed thresholds and with ADLA."""

from __future__ import annotations

import tempfile

from mmengine.config import Config

from .step import Job
from .training_configs import load, make_small, use_data
from .trainings import RULE, fitting_epochs, time_training, train

CONFIGS = {
    "fixed": "retinanet/retinanet_r50_fpn-p2_1x_hit-uav.py",
    "ADLA": "retinanet/retinanet_r50_fpn-p2_adla-1x_hit-uav.py",
}
TRAIN, VAL = "train.json", "val.json"
#: From scratch; four times the batch of the config, at four times its rate.
OPTIONS = dict(
    model__backbone__init_cfg=None,
    model__backbone__frozen_stages=-1,
    model__backbone__norm_eval=False,
    train_dataloader__batch_size=16,
    optim_wrapper__optimizer__lr=0.04,
)


def load_config(job: Job, config: str, folder: str) -> Config:
    """Load a config with the options of this step."""
    cfg = load(config, folder, **OPTIONS)
    for scheduler in cfg.param_scheduler:
        if not scheduler.by_epoch:  # the warmup sees as many images
            scheduler.end //= 4
    use_data(cfg, job.args.hit_uav, TRAIN, VAL)
    if job.small:
        make_small(cfg, side=64, images=4)
    return cfg


def main() -> None:
    """Train both for as many epochs as both can have."""
    job = Job()
    root = job.args.hit_uav
    if not (root / TRAIN).exists():
        job.skip(f"no {root / TRAIN}: adla convert hit-uav SOURCE {root} makes it")
        return
    with tempfile.TemporaryDirectory() as folder:
        configs = {name: load_config(job, path, folder) for name, path in CONFIGS.items()}
        epochs, iterations = 1, 2
        if not job.small:
            paces = {name: time_training(cfg) for name, cfg in configs.items()}
            for name, pace in paces.items():
                job.note(f"{name}: {pace.seconds:.3f} s an iteration, {pace.iterations} an epoch")
            slower = max(paces.values())
            epochs = fitting_epochs(configs["fixed"], slower, job.left() / len(configs))
            iterations = slower.iterations
        job.note(f"{RULE}; both get the epochs that fit the slower one")
        job.note("one seed; AP in percent; AP_vt, AP_t and AP_s: below 8, 16 and 32 px")
        for name, cfg in configs.items():
            found = job.attempt(name, lambda c=cfg: train(c, epochs, iterations))
            if isinstance(found, str):
                job.row(thresholds=name, verdict=found)
                continue
            columns = {key: found[key] for key in found if "images" in key or key == "epochs"}
            for key in ("AP", "AP50", "AP_vt", "AP_t", "AP_s"):
                value = found[f"tiny/{key}"]
                columns[key] = 100 * value if value >= 0 else None  # -1: no such object
            job.row(thresholds=name, **columns, verdict="")
    ends = [f"{r['thresholds']} AP50 {r['AP50']:.1f}" for r in job.record.rows if "AP50" in r]
    job.say(f"{', '.join(ends)} after {epochs} epochs")


if __name__ == "__main__":
    main()
