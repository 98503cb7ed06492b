"""Detect tiny objects in images, folders, patterns, or scenes of any size, slice by slice.

Exit code: 0 all done, 1 an image or an output was left out, 2 it cannot be done.
Examples: ``adla predict CONFIG CHECKPOINT scene.tif --out work_dirs/scene``,
``adla predict --model hit-uav-n image.jpg`` with a model that comes along, ``adla predict --model``
lists these
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

from .commands import one_line_errors
from .mmdet_imports import import_mmdet
from .predict_arguments import parse_args

if TYPE_CHECKING:
    from mmengine.config import Config

    from adla.inference.outcome import Outcome
    from adla.inference.settings import Settings

COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
    TimeRemainingColumn(),
)


def choose_model(args: argparse.Namespace) -> None:
    """Find the checkpoint; with ``--model``, the files of the model that comes along.

    Raises:
        ValueError: If there is no such model, or it is given together with a config.
    """
    from adla.zoo import find_checkpoint, find_model

    if args.model is None:
        args.checkpoint = find_checkpoint(args.checkpoint)
        return
    own = [name for name in args.inputs if Path(name).suffix in (".py", ".pth")]
    if own:
        raise ValueError(
            f"--model {args.model} brings its config and its weights, but {' and '.join(own)} came "
            "too: leave out one or the other"
        )
    args.checkpoint = find_model(args.model)
    if not args.inputs:
        raise ValueError(f"--model {args.model} wants an image, a folder or a pattern")
    if args.out is None:
        name = Path(args.inputs[0]).stem
        is_plain = name.strip(".") and not set(name) & set("*?[")  # no pattern, neither . nor ..
        args.out = Path("work_dirs/predict", args.model, name if is_plain else "images")


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
        args.size_ratio,
        args.merge_by_class,
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
        stored_config,
    )
    from adla.inference.input_images import adopt_ids, find_images
    from adla.inference.prediction import Prediction
    from adla.inference.resume_log import FOLDER, ResumeLog

    if args.model is None:
        config = load_detector_config(args.config, args.cfg_options)
    else:
        config = stored_config(args.checkpoint, args.cfg_options)
    settings = choose_settings(args, config)
    check_score_thr(config, args.score_thr)
    images = find_images(args.inputs, args.out)
    if not args.fresh:
        check_out(args.out, args.formats)
    device = args.device or ("cuda:0" if torch.cuda.is_available() else "cpu")
    detector = SliceDetector(config, args.checkpoint, device)
    for note in detector.notes:
        console.print(f"note: {note}", highlight=False, markup=False, soft_wrap=True)
    category_ids = list(range(1, len(detector.classes) + 1))
    if args.ann_file:
        images, category_ids = adopt_ids(images, detector.classes, args.ann_file)
    prediction = Prediction(
        images, settings, args.formats, detector_loader(config), not args.no_annotated
    )
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
            args.out, detector.classes, category_ids, resume_log,
            lambda: progress.advance(task), args.scores,
        )  # fmt: skip
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
    args, console = parse_args(words, __doc__), Console()
    with one_line_errors("adla predict", resumes=True):
        choose_model(args)
        check_packages()
        outcome = predict(args, console)
    total = sum(outcome.detections.values())
    console.print(f"{total} detections in {len(outcome.detections)} images", highlight=False)
    console.print(
        f"left out: {outcome.nested} that overlap a better one of their slice, {outcome.joined} "
        "that two slices have seen, or one has cut",
        highlight=False,
    )
    for file in outcome.files:
        console.print(f"  {file}", highlight=False, soft_wrap=True)
    for name, problem in outcome.problems.items():
        print(f"adla predict: left out {name}: {problem}", file=sys.stderr)
    if outcome.problems:
        again = "adla predict: the same command tries them again and keeps what is done"
        print(again, file=sys.stderr)
    return 1 if outcome.problems else 0
