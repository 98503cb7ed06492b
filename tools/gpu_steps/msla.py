"""Step e: MSLA-YOLOv8 with a stride-4 level on SIRST-V2, train_full -> val_full."""

from __future__ import annotations

import tempfile

from .step import Job
from .training_configs import load, make_small, use_data
from .trainings import RULE, fitting_epochs, time_training, train

CONFIG = "msla/yolov8-{}_pafpn-p2_msla-300e_sirst-v2.py"
TRAIN, VAL = "annotations/train_full.json", "annotations/val_full.json"
#: Column -> key of the metrics.
COLUMNS = {
    "AP50": "tiny/AP50",
    "AP": "tiny/AP",
    "precision": "sirst/precision",
    "recall": "sirst/recall",
}


def main() -> None:
    """Train and test."""
    job = Job(lambda parser: parser.add_argument("--model", required=True, choices=("n", "s")))
    root = job.args.sirst_v2
    if not (root / TRAIN).exists():
        job.skip(f"no {root / TRAIN}: adla convert sirst-v2 SOURCE {root} makes it")
        return
    with tempfile.TemporaryDirectory() as folder:
        cfg = load(CONFIG.format(job.args.model), folder)
        use_data(cfg, root, TRAIN, VAL)
        if job.small:
            make_small(cfg, side=128, images=8)
            epochs, iterations = 1, 4
        else:
            pace = time_training(cfg)
            job.note(f"{pace.seconds:.3f} s an iteration, {pace.iterations} iterations an epoch")
            epochs, iterations = fitting_epochs(cfg, pace, job.left()), pace.iterations
        job.note(RULE)
        job.note("AP50, AP, precision and recall at the best F1 in percent; the test's batch is 1")
        found = train(cfg, epochs, iterations)
    numbers = {column: 100 * found.pop(key) for column, key in COLUMNS.items()}
    speed = {key: value for key, value in found.items() if "/" not in key or "images" in key}
    job.row(config=CONFIG.format(job.args.model), **numbers, **speed)
    job.say(f"AP50 {numbers['AP50']:.1f}, AP {numbers['AP']:.1f} after {found['epochs']} epochs")


if __name__ == "__main__":
    main()
