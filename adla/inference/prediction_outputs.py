"""The files that a prediction writes, image by image; what one image lacks stops no other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType

from adla.evaluation.box_arrays import Detections

from .annotated_images import picture_names, save_annotated
from .best_crops import BestCrops
from .earlier_outputs import record_pictures
from .geojson import geojson_features
from .ground_place import Place
from .image_readers import Picture
from .input_images import ImageFile
from .raster_reader import Raster, UnreadableImage
from .result_writers import FORMATS, coco_head, coco_results, json_list, to_annotations
from .slicing import SliceGrid


class PredictionOutputs:
    """Writes detections in all formats; each file appears, whole, when the context ends.

    Args:
        out: An existing folder.
        formats: Keys of `FORMATS`.
        grids: The images that there are detections for, and their slices.
        classes: Class names, by label.
        category_ids: COCO category ids, by label.
        scores: Whether annotated images show scores.
    """

    def __init__(
        self,
        out: Path,
        formats: Sequence[str],
        grids: Mapping[ImageFile, SliceGrid],
        classes: Sequence[str],
        category_ids: Sequence[int],
        scores: bool = False,
    ) -> None:
        self._out, self._formats = out, formats
        self._classes, self._category_ids = classes, category_ids
        self._crops, self._count, self._stack = BestCrops(classes), 0, ExitStack()
        folder = out / FORMATS["annotated"]
        names = picture_names(image.name for image in grids)
        self._annotated = {image: folder / name for image, name in names.items()}
        self._scores, self._has_annotated = scores, False
        head = coco_head(
            [
                {"id": image.image_id, "file_name": image.name,
                 "width": grid.width, "height": grid.height}
                for image, grid in grids.items()
            ],
            [{"id": k, "name": name} for k, name in zip(category_ids, classes, strict=True)],
        )  # fmt: skip
        self._wraps = {
            "coco": (head, "}"),
            "results": ("", ""),
            "geojson": ('{"type": "FeatureCollection",\n"features": ', "}"),
        }

    def __enter__(self) -> "PredictionOutputs":
        record_pictures(self._out, self._pictures())
        self._lists = {
            name: self._stack.enter_context(json_list(self._out / FORMATS[name], *wrap))
            for name, wrap in self._wraps.items()
            if name in self._formats
        }
        return self

    def _pictures(self) -> list[Path]:
        """Return the pictures that may be written; a killed run has some of them."""
        annotated = self._annotated.values() if "annotated" in self._formats else ()
        return [self._out / FORMATS["picture"]] * ("picture" in self._formats) + [*annotated]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def add(
        self,
        image: ImageFile,
        found: Detections,
        place: Place | None,
        opener: Callable[[], Picture | Raster],
    ) -> Iterator[tuple[str, str]]:
        """Write the detections of an image.

        Args:
            image: The image.
            found: Its detections, by descending score.
            place: Where it lies on Earth, or None: it is not in the GeoJSON.
            opener: Opens the image.

        Yields:
            Names of formats and what is missing in them.
        """
        if "coco" in self._lists:
            results = coco_results(found, image.image_id, self._category_ids)
            self._lists["coco"].add(to_annotations(results, self._count + 1))
        if "results" in self._lists:
            self._lists["results"].add(coco_results(found, image.image_id, self._category_ids))
        self._count += len(found)
        if "geojson" in self._lists and place is not None:
            features = list(geojson_features(found, image.name, self._classes, place))
            self._lists["geojson"].add(features)
            if lost := len(found) - len(features):
                reason = f"{lost} of {len(found)} detections are not on Earth, or around a pole"
                yield "geojson", reason
        if "picture" in self._formats:
            try:
                self._crops.add(found, image.name, opener)
            except UnreadableImage as error:
                yield "picture", str(error)
        if "annotated" in self._formats:
            path = self._annotated[image.name]
            try:
                with closing(opener()) as source:
                    save_annotated(path, source, found, self._classes, self._scores)
                self._has_annotated = True
            except UnreadableImage as error:
                yield "annotated", str(error)

    def save(self) -> list[Path]:
        """Draw the picture of the best detections, and return all files that are written."""
        written = [*self._lists, *["annotated"] * self._has_annotated]
        files = [self._out / FORMATS[name] for name in written]
        if "picture" in self._formats and self._crops.save(self._out / FORMATS["picture"]):
            files.append(self._out / FORMATS["picture"])
        return files
