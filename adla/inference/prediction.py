"""Predict for many images: look at them, detect with a log, join at the seams, write."""

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from mmengine.config import Config

from adla.evaluation.box_arrays import Detections

from .annotated_images import picture_names, save_annotated
from .best_crops import BestCrops
from .detector import SliceDetector
from .image_readers import Picture, Raster, UnreadableImage, open_source
from .input_images import ImageFile
from .nested_nms import suppress_nested
from .result_writers import coco_head, coco_results, geojson_features, json_list, to_annotations
from .resume_log import ResumeLog, file_digest
from .scene_detection import collect_scene, detect_scene
from .settings import Settings
from .slice_merging import merge_slices
from .slicing import SliceGrid, make_grid

#: Output and its file; `annotated` is a folder.
FORMATS = {
    "coco": "detections.json",
    "results": "results.json",
    "geojson": "detections.geojson",
    "picture": "detections.png",
    "annotated": "annotated",
}


@dataclass
class Outcome:
    """What a prediction came to.

    Attributes:
        detections: Number of detections by image name.
        problems: What is wrong with each image that could not be read.
        files: What was written.
    """

    detections: dict[str, int] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)


class Prediction:
    """A prediction for some images.

    Args:
        images: The images.
        settings: How to predict.
        formats: Keys of `FORMATS`; None: all, with GeoJSON if every image has coordinates.
        annotated: Whether the annotated images are among all.

    Attributes:
        grids: The slices of each image that can be opened.
        outcome: What came of it.

    Raises:
        ValueError: If no image can be opened, or GeoJSON is wanted of one without coordinates.
    """

    def __init__(
        self,
        images: Sequence[ImageFile],
        settings: Settings,
        formats: Sequence[str] | None = None,
        annotated: bool = True,
    ) -> None:
        self._settings, self.outcome = settings, Outcome()
        self.grids: dict[ImageFile, SliceGrid] = {}
        without_crs = []
        for image in images:
            try:
                source = self._open(image)
            except UnreadableImage as error:
                self.outcome.problems[image.name] = str(error)
                continue
            if source.crs is None:
                without_crs.append(image.path)
            self.grids[image] = make_grid(
                source.width, source.height, settings.slice_size, settings.overlap
            )
            source.close()
        if not self.grids:
            raise ValueError(
                "\n".join(["no image to predict for:", *self.outcome.problems.values()])
            )
        if formats is None:
            left_out = {"geojson": bool(without_crs), "annotated": not annotated}
            formats = [name for name in FORMATS if not left_out.get(name)]
        elif "geojson" in formats and without_crs:
            raise ValueError(
                f"{without_crs[0]} has no coordinate reference system, so there can be no GeoJSON "
                f"of it ({len(without_crs)} of {len(self.grids)} images): choose other --formats"
            )
        self._formats = formats

    def describe(self, config: Config, checkpoint: Path, device: str) -> dict:
        """Return what determines the detections in the slices, for the log."""
        chosen = asdict(self._settings)
        for later in ("nms_thr", "merge_metric", "merge_thr"):
            del chosen[later]
        images = []
        for image in self.grids:
            state = image.path.stat()
            images.append([str(image.path.resolve()), state.st_size, state.st_mtime_ns])
        return {
            "config": hashlib.sha256(config.pretty_text.encode()).hexdigest(),
            "checkpoint": file_digest(checkpoint),
            "device": device.split(":")[0],
            "images": hashlib.sha256(json.dumps(images).encode()).hexdigest(),
            **chosen,
        }

    def detect(
        self,
        detector: SliceDetector,
        resume_log: ResumeLog,
        on_slices: Callable[[int], None] = lambda count: None,
    ) -> None:
        """Detect in all images; what the log has is not repeated."""
        chosen = self._settings
        for number, (image, grid) in enumerate(self.grids.items()):
            try:
                with closing(self._open(image)) as source:
                    detect_scene(
                        source, grid, detector, resume_log, number, chosen.score_thr,
                        chosen.batch_size, on_slices,
                    )  # fmt: skip
            except UnreadableImage as error:
                self.outcome.problems[image.name] = str(error)

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

        Args:
            out: An existing folder.
            classes: Class names, by label.
            category_ids: COCO category ids, by label.
            resume_log: Where the detections are.
            on_image: Called after each image.
            scores: Whether annotated images show scores.
        """
        done = [
            (number, image)
            for number, image in enumerate(self.grids)
            if image.name not in self.outcome.problems
        ]
        head = coco_head(
            [
                {"id": image.image_id, "file_name": image.name,
                 "width": self.grids[image].width, "height": self.grids[image].height}
                for _, image in done
            ],
            [{"id": k, "name": name} for k, name in zip(category_ids, classes, strict=True)],
        )  # fmt: skip
        wraps = {
            "coco": (head, "}"),
            "results": ("", ""),
            "geojson": ('{"type": "FeatureCollection",\n"features": ', "}"),
        }
        crops, count = BestCrops(classes), 0
        pictures = picture_names(image.name for _, image in done)
        with ExitStack() as stack:
            lists = {
                name: stack.enter_context(json_list(out / FORMATS[name], *wrap))
                for name, wrap in wraps.items()
                if name in self._formats
            }
            for number, image in done:
                found = self._merge(number, image, resume_log)
                if "coco" in lists:
                    results = coco_results(found, image.image_id, category_ids)
                    lists["coco"].add(to_annotations(results, count + 1))
                if "results" in lists:
                    lists["results"].add(coco_results(found, image.image_id, category_ids))
                if "geojson" in lists:
                    with closing(self._open(image)) as source:
                        place: Any = source.transform, source.crs
                    lists["geojson"].add(geojson_features(found, image.name, classes, *place))
                if "picture" in self._formats:
                    crops.add(found, image.name, partial(self._open, image))
                if "annotated" in self._formats:
                    with closing(self._open(image)) as source:
                        path = out / FORMATS["annotated"] / pictures[image.name]
                        save_annotated(path, source, found, classes, scores)
                count += len(found)
                self.outcome.detections[image.name] = len(found)
                on_image()
        written = [*lists, *(name for name in ("annotated",) if name in self._formats)]
        self.outcome.files = [out / FORMATS[name] for name in written]
        if "picture" in self._formats and crops.save(out / FORMATS["picture"]):
            self.outcome.files.append(out / FORMATS["picture"])

    def _merge(self, number: int, image: ImageFile, resume_log: ResumeLog) -> Detections:
        """Join what the slices of an image found."""
        grid, chosen = self.grids[image], self._settings
        found, slice_ids = collect_scene(grid, resume_log, number)
        found, slice_ids = suppress_nested(found, slice_ids, chosen.nms_thr)
        return merge_slices(found, slice_ids, grid, chosen.merge_thr, chosen.merge_metric)

    def _open(self, image: ImageFile) -> Picture | Raster:
        """Open an image as the settings say."""
        return open_source(image.path, self._settings.value_range, self._settings.bands)
