"""Predict for many images: look at them, detect with a log, join at the seams, write."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path

from mmengine.config import Config

from adla.datasets.image_loader import LoadImage
from adla.datasets.image_reading import read_bgr
from adla.evaluation.box_arrays import Detections

from .detector import SliceDetector
from .ground_place import Place
from .image_readers import Picture, open_source, reading
from .input_images import ImageFile
from .nested_nms import suppress_nested
from .outcome import Outcome
from .prediction_outputs import PredictionOutputs
from .raster_reader import NO_REFERENCE, Raster, UnreadableImage
from .result_writers import FORMATS
from .resume_log import ResumeLog, file_digest
from .row_memory import check_row_memory
from .scene_detection import collect_scene, detect_scene
from .settings import Settings
from .slice_merging import merge_slices
from .slicing import SliceGrid, make_grid

#: Settings that are for after the slices.
JOINING = ("nms_thr", "merge_metric", "merge_thr", "size_ratio", "merge_by_class")


class Prediction:
    """A prediction for some images.

    Args:
        images: The images.
        settings: How to predict.
        formats: Keys of `FORMATS`; None: all, with GeoJSON if an image has coordinates.
        load: Loads 8-bit images as the training does.
        annotated: Whether the annotated images are among all.

    Attributes:
        grids: The slices of each image that can be opened.
        outcome: What came of it.
        notes: What to know before it begins.

    Raises:
        ValueError: If no image can be opened, or GeoJSON is wanted of one without coordinates.
    """

    def __init__(
        self,
        images: Sequence[ImageFile],
        settings: Settings,
        formats: Sequence[str] | None = None,
        load: LoadImage = read_bgr,
        annotated: bool = True,
    ) -> None:
        self._settings, self._load, self.outcome = settings, load, Outcome()
        self.grids: dict[ImageFile, SliceGrid] = {}
        self._numbers = {image: number for number, image in enumerate(images)}
        self._places: dict[ImageFile, Place] = {}
        self._states: dict[ImageFile, list[int]] = {}
        self.notes: list[str] = []
        no_place: dict[ImageFile, str] = {}
        for image in images:
            try:
                with closing(self._open(image)) as source, reading(image.path):
                    state = image.path.stat()
                    check_row_memory(source, settings)
            except UnreadableImage as error:
                self.outcome.problems[image.name] = str(error)
                continue
            if source.place is None:
                no_place[image] = source.no_place
            else:
                self._places[image] = source.place
            self._states[image] = [state.st_size, state.st_mtime_ns]
            self.grids[image] = make_grid(
                source.width, source.height, settings.slice_size, settings.overlap
            )
        if not self.grids:
            raise ValueError(
                "\n".join(["no image to predict for:", *self.outcome.problems.values()])
            )
        chosen = self._choose_formats(formats, no_place)
        self._formats = [name for name in chosen if annotated or name != "annotated"]

    def _choose_formats(
        self, formats: Sequence[str] | None, no_place: Mapping[ImageFile, str]
    ) -> Sequence[str]:
        """Return what is written, and note which images lack coordinates."""
        if formats is not None:
            if "geojson" in formats and no_place:
                image, reason = next(iter(no_place.items()))
                raise ValueError(
                    f"{image.path} {reason}, so there can be no GeoJSON of it ({len(no_place)} of "
                    f"{len(self.grids)} images): choose other --formats"
                )
            return formats
        if self._places or any(reason != NO_REFERENCE for reason in no_place.values()):
            self.notes += [
                f"not in {FORMATS['geojson']}: {image.name} {reason}"
                for image, reason in no_place.items()
            ]
        return [name for name in FORMATS if name != "geojson" or self._places]

    def describe(self, config: Config, checkpoint: Path, device: str) -> dict:
        """Return what determines the detections in the slices, for the log."""
        chosen = asdict(self._settings)
        for later in JOINING:
            del chosen[later]
        paths = [str(image.path.resolve()) for image in self._numbers]
        return {
            "config": hashlib.sha256(config.pretty_text.encode()).hexdigest(),
            "checkpoint": file_digest(checkpoint),
            "device": device.split(":")[0],
            "images": hashlib.sha256(json.dumps(paths).encode()).hexdigest(),
            **chosen,
            "states": {
                self._numbers[image]: [str(image.path), *state]
                for image, state in self._states.items()
            },
        }

    def detect(
        self,
        detector: SliceDetector,
        resume_log: ResumeLog,
        on_slices: Callable[[int], None] = lambda count: None,
    ) -> None:
        """Detect in all images; what the log has is not repeated.

        An image that cannot be read to its end is named in `outcome`, and the log forgets it: once
        it is mended, the same command begins anew with it.
        """
        chosen = self._settings
        for image, grid in self.grids.items():
            number = self._numbers[image]
            try:
                with closing(self._open(image)) as source:
                    detect_scene(
                        source, grid, detector, resume_log, number, chosen.score_thr,
                        chosen.batch_size, on_slices,
                    )  # fmt: skip
            except UnreadableImage as error:
                self.outcome.problems[image.name] = str(error)
                resume_log.forget(number)

    def write(
        self,
        out: Path,
        classes: Sequence[str],
        category_ids: Sequence[int],
        resume_log: ResumeLog,
        on_image: Callable[[], None] = lambda: None,
        scores: bool = False,
    ) -> None:
        """Join each image's detections at the seams and write all outputs.

        An output that cannot be written, or lacks an image, is named in `outcome`.

        Args:
            out: An existing folder.
            classes: Class names, by label.
            category_ids: COCO category ids, by label.
            resume_log: Where the detections are.
            on_image: Called after each image.
            scores: Whether annotated images show scores.
        """
        done = {
            image: grid
            for image, grid in self.grids.items()
            if image.name not in self.outcome.problems
        }
        outputs = PredictionOutputs(out, self._formats, done, classes, category_ids, scores)
        with outputs:
            for image in done:
                found = self._merge(image, resume_log, len(classes))
                opener = partial(self._open, image)
                for name, reason in outputs.add(image, found, self._places.get(image), opener):
                    self.outcome.problems[f"{image.name} in {FORMATS[name]}"] = reason
                self.outcome.detections[image.name] = len(found)
                on_image()
        self.outcome.files = outputs.save()
        for name, reason in outputs.failed.items():
            self.outcome.problems[FORMATS[name]] = reason

    def _merge(self, image: ImageFile, resume_log: ResumeLog, num_classes: int) -> Detections:
        """Join what the slices of an image found."""
        grid, chosen = self.grids[image], self._settings
        found, slice_ids = collect_scene(grid, resume_log, self._numbers[image], num_classes)
        kept, slice_ids = suppress_nested(found, slice_ids, chosen.nms_thr, chosen.size_ratio)
        merged = merge_slices(
            kept,
            slice_ids,
            grid,
            chosen.merge_thr,
            chosen.merge_metric,
            size_ratio=chosen.size_ratio,
            by_class=chosen.merge_by_class,
        )
        self.outcome.nested += len(found) - len(kept)
        self.outcome.joined += len(kept) - len(merged)
        return merged

    def _open(self, image: ImageFile) -> Picture | Raster:
        """Open an image as the settings say."""
        chosen = self._settings
        return open_source(image.path, chosen.value_range, chosen.bands, self._load)
