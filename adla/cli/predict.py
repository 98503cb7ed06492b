"""Detect tiny objects in images, folders, patterns, or scenes of any size, slice by slice.

Exit code: 0 all done, 1 an image was left out, 2 it cannot be done.
Example: ``adla predict CONFIG CHECKPOINT scene.tif --out work_dirs/scene``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from .arguments import add_config_options, command_parser
from .commands import one_line_errors
from .mmdet_imports import import_mmdet

if TYPE_CHECKING:
    from mmengine.config import Config

    from adla.inference.prediction import Outcome
    from adla.inference.settings import Settings

COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
    TimeRemainingColumn(),
)


def parse_args(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser("adla predict", __doc__)
    add = parser.add_argument
    add("config", type=Path, help="config the detector was trained with")
    add("checkpoint", type=Path, help="checkpoint of its training")
    add("inputs", nargs="+", help="images, folders or patterns such as 'scenes/*.tif'")
    add("--out", type=Path, required=True, help="folder for what is written")
    add(
        "--formats",
        nargs="+",
        choices=("coco", "results", "geojson", "picture"),
        help="default: all that the images allow",
    )
    add("--score-thr", type=float, default=0.3, help="lowest score that counts (default: 0.3)")
    add("--slice", type=int, metavar="PX", help="side of the slices; 0: whole images "
        "(default: the scale of the config's test pipeline, else 800)")  # fmt: skip
    add("--overlap", type=float, default=0.2, help="share of a slice (default: 0.2)")
    add("--max-object", type=float, default=32, metavar="PX", help="longest side of the largest "
        "object; slices overlap by thrice that at least (default: 32)")  # fmt: skip
    add("--nms-thr", type=float, default=0.5, help="overlap over the smaller box from which two "
        "boxes of one slice and class are one object; 0: never (default: 0.5)")  # fmt: skip
    add("--merge-metric", choices=("ios", "iou"), default="ios",
        help="between slices: over the smaller box or over the union (default: ios)")  # fmt: skip
    add("--merge-thr", type=float, default=0.5, help="overlap from which the detections of two "
        "slices are one object (default: 0.5)")  # fmt: skip
    add("--value-range", type=float, nargs=2, metavar=("LOW", "HIGH"), help="values "
        "that become black and white; needed where pixels have more than 8 bits and the config has "
        "no LoadImageInRange")  # fmt: skip
    add("--bands", type=int, nargs="+", metavar="N", help="bands shown as red, green, blue, or one "
        "shown as gray; needed where a raster has others")  # fmt: skip
    add("--ann-file", type=Path, help="COCO file: only its images, and its ids")
    add("--batch-size", type=int, default=4, help="slices at once (default: 4)")
    add("--device", help="such as cpu or cuda:1 (default: cuda:0 where there is one)")
    add("--keep-journal", action="store_true", help="keep what the slices found: the same command "
        "then joins it anew, also with another --nms-thr or --merge-thr")  # fmt: skip
    add(
        "--fresh", action="store_true", help="forget an unfinished run and overwrite a finished one"
    )
    add_config_options(parser, "changes of the config")
    return parser.parse_args(words)


def check_out(out: Path, formats: list[str] | None) -> None:
    """Check that no finished prediction is in the output folder.

    Raises:
        FileExistsError: If there is one.
    """
    from adla.inference.result_writers import FORMATS
    from adla.inference.resume_log import FOLDER

    for file in [out / FORMATS[name] for name in formats or FORMATS]:
        if file.exists() and not (out / FOLDER).exists():
            raise FileExistsError(
                f"{file} is there already: take another --out, or overwrite it with --fresh"
            )


def choose_settings(args: argparse.Namespace, config: Config) -> Settings:
    """Return how to predict, from the command line and the config."""
    from adla.inference.settings import Settings, choose_range
    from adla.inference.slicing import choose_overlap, config_size

    size = config_size(config) if args.slice is None else args.slice
    return Settings(
        size,
        choose_overlap(size, args.overlap, args.max_object),
        args.score_thr,
        args.batch_size,
        choose_range(config.test_dataloader.dataset.pipeline, args.value_range),
        tuple(args.bands) if args.bands else None,
        args.nms_thr,
        args.merge_metric,
        args.merge_thr,
    )


def predict(args: argparse.Namespace, console: Console) -> Outcome:
    """Predict with a progress bar.

    Raises:
        OSError: If something is not there.
        ValueError: If something does not fit.
    """
    import torch

    from adla.inference.detector import (
        SliceDetector,
        check_score_thr,
        detector_loader,
        load_detector_config,
    )
    from adla.inference.input_images import adopt_ids, find_images
    from adla.inference.prediction import Prediction
    from adla.inference.resume_log import FOLDER, ResumeLog

    config = load_detector_config(args.config, args.cfg_options)
    settings = choose_settings(args, config)
    check_score_thr(config, args.score_thr)
    images = find_images(args.inputs, args.out)
    if not args.fresh:
        check_out(args.out, args.formats)
    device = args.device or ("cuda:0" if torch.cuda.is_available() else "cpu")
    detector = SliceDetector(config, args.checkpoint, device)
    category_ids = list(range(1, len(detector.classes) + 1))
    if args.ann_file:
        images, category_ids = adopt_ids(images, detector.classes, args.ann_file)
    prediction = Prediction(images, settings, args.formats, detector_loader(config))
    if args.fresh:
        ResumeLog(args.out / FOLDER, None).discard()
    resume_log = ResumeLog(args.out / FOLDER, prediction.describe(config, args.checkpoint, device))
    for note in prediction.notes:
        print(f"adla predict: note: {note}", file=sys.stderr)
    slices = sum(map(len, prediction.grids.values()))
    console.print(
        f"{len(prediction.grids)} images, {slices} slices of "
        f"{settings.slice_size or 'any'} px, overlap {settings.overlap}",
        highlight=False,
    )
    with Progress(*COLUMNS, console=console) as progress:
        task = progress.add_task("detecting", total=slices)
        prediction.detect(detector, resume_log, lambda count: progress.advance(task, count))
        task = progress.add_task("joining", total=len(prediction.grids))
        prediction.write(
            args.out, detector.classes, category_ids, resume_log, lambda: progress.advance(task)
        )
    if not (args.keep_journal or prediction.outcome.problems):
        resume_log.discard()
    return prediction.outcome


def check_packages() -> None:
    """Import mmdet and what reads and slices scenes.

    Raises:
        ImportError: One of them is not installed; one line says how to get it.
    """
    import_mmdet()
    try:
        import rasterio  # noqa: F401
        import sahi  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name not in ("rasterio", "sahi"):
            raise
        raise ImportError(f"{error.name} is not installed: pip install 'adla[scenes]'") from None
    from mmengine.logging import MMLogger

    MMLogger.get_current_instance().setLevel("ERROR")


def main(words: Sequence[str]) -> int:
    """Predict and say what came of it."""
    args, console = parse_args(words), Console()
    with one_line_errors("adla predict", resumes=True):
        check_packages()
        outcome = predict(args, console)
    total = sum(outcome.detections.values())
    console.print(f"{total} detections in {len(outcome.detections)} images", highlight=False)
    for file in outcome.files:
        console.print(f"  {file}", highlight=False, soft_wrap=True)
    for name, problem in outcome.problems.items():
        print(f"adla predict: left out {name}: {problem}", file=sys.stderr)
    if outcome.problems:
        again = "adla predict: the same command tries them again and keeps what is done"
        print(again, file=sys.stderr)
    return 1 if outcome.problems else 0
