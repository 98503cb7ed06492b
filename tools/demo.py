"""Train a light RetinaNet with fixed thresholds and with ADLA on synthetic scenes, and compare.

``make demo`` calls it. A finished run is not repeated, an interrupted one goes on where it was.
"""

import argparse
import hashlib
import json
import shutil
import signal
import time
from pathlib import Path

from demo_pictures import draw_all
from demo_progress import Ticker
from demo_runs import ROOT, Run, run
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from adla.datasets.synthetic import GENERATOR, describe_scenes, write_scenes

CONFIGS = {
    "fixed IoU .5/.4": "retinanet_csp-nano_fpn-p2_light_scenes",
    "ADLA": "retinanet_csp-nano_fpn-p2_adla-light_scenes",
}
# Column title: key in the result and factor.
COLUMNS = {
    "AP": ("AP", 100),
    "AP50": ("AP50", 100),
    "AP_vt": ("AP_vt", 100),
    "AP_t": ("AP_t", 100),
    "AP_s": ("AP_s", 100),
    "AR_vt": ("AR_vt", 100),
    "pos": ("pos_per_gt", 1),
    "pos_vt": ("pos_per_gt_vt", 1),
    "none": ("unassigned_gts", 100),
}
LEGEND = (
    "AP, AR and shares in percent. vt, t, s: objects below 8, 16, 32 px (AI-TOD's bins); AR_vt: "
    "recall of the very tiny ones.\npos, pos_vt: positive anchors per object; none: share of "
    "objects without any; means over the training.\nOne seed and minutes of training on synthetic "
    "scenes: it shows that everything works, it is no result."
)


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="where data/ and work_dirs/ lie")
    parser.add_argument("--train", type=int, default=240, help="number of training scenes")
    parser.add_argument("--val", type=int, default=64, help="number of validation scenes")
    parser.add_argument("--epochs", type=int, help="epochs; by default what the configs say")
    parser.add_argument(
        "--fresh", action="store_true", help="remove data/scenes and work_dirs/demo, start anew"
    )
    return parser.parse_args()


def prepare_scenes(root: Path, train: int, val: int, fresh: bool, console: Console) -> str:
    """Write the scenes unless they are there, and return a digest of their annotations.

    Raises:
        SystemExit: If `data/scenes` holds something else.
    """
    out = root / "data/scenes"
    files = [out / "annotations" / f"{split}.json" for split in ("train", "val")]
    if fresh and out.exists() and _generated(files) is not None:
        shutil.rmtree(out)
    if out.exists() and any(out.iterdir()):
        if _generated(files) != [train, val]:
            raise SystemExit(
                f"demo: {out} does not hold the demo's {train} + {val} scenes; "
                "move it away, or run the demo with --fresh if make_scenes wrote it"
            )
    else:
        with Ticker(console, "drawing scenes") as ticker:
            count = iter(range(1, train + val + 1))
            total = train + val

            def on_image() -> None:
                done = next(count)
                ticker.update(done / total, f"scene {done}/{total}")

            out.parent.mkdir(parents=True, exist_ok=True)
            write_scenes(out, train, val, on_image=on_image)
    for file in files:
        text = describe_scenes(file).replace(f"{root}/", "")
        console.print(text, highlight=False, soft_wrap=True)
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _generated(files: list[Path]) -> list[int] | None:
    """Return the number of images of each annotation file, or None if make_scenes wrote none."""
    try:
        contents = [json.loads(file.read_text()) for file in files]
    except (OSError, ValueError):
        return None
    if any(coco.get("info", {}).get("generator") != GENERATOR for coco in contents):
        return None
    return [len(coco["images"]) for coco in contents]


def compare(results: dict[str, dict[str, float]]) -> Table:
    """Return the table with one row per run and the difference of the last to the first."""
    table = Table("RetinaNet", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for title in COLUMNS:
        table.add_column(title, justify="right")
    rows = [
        [result[key] * factor for key, factor in COLUMNS.values()] for result in results.values()
    ]
    for name, row in zip(results, rows, strict=True):
        table.add_row(
            name, *[f"{value:.1f}" for value in row], end_section=name == list(results)[-1]
        )
    pairs = zip(rows[0], rows[-1], strict=True)
    table.add_row("difference", *[f"{last - first:+.1f}" for first, last in pairs])
    return table


def main() -> None:
    """Run the demo."""
    args = parse_args()
    console, start = Console(), time.monotonic()
    root, out = args.root.resolve(), args.root.resolve() / "work_dirs/demo"
    options = {}
    if args.epochs is not None:
        options = {"train_cfg.max_epochs": args.epochs, "param_scheduler.1.end": args.epochs}
    digest = prepare_scenes(root, args.train, args.val, args.fresh, console)
    if args.fresh:
        shutil.rmtree(out, ignore_errors=True)
    runs = [
        Run(name, ROOT / "configs/demo" / f"{config}.py", out / config, options)
        for name, config in CONFIGS.items()
    ]
    results = {each.name: run(each, root, digest, console) for each in runs}
    table_file = out / "results.json"
    table_file.write_text(json.dumps(results, indent=2))
    with Ticker(console, "drawing pictures") as ticker:
        pictures = draw_all(runs, root, out, ticker)
        ticker.update(1.0, "done")
    console.print(compare(results))
    console.print(LEGEND, highlight=False, soft_wrap=True)
    lying = {"scenes": root / "data/scenes", "results": table_file}
    lying |= {picture.stem: picture for picture in pictures}
    lying |= {each.name: each.work_dir for each in runs}
    for name, path in lying.items():
        console.print(f"{name:16} {path.relative_to(root)}", highlight=False, soft_wrap=True)
    minutes = (time.monotonic() - start) / 60
    console.print(f"demo: done in {minutes:.1f} minutes", highlight=False)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the training too
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit("demo: interrupted; call it again and it goes on where it was") from None
