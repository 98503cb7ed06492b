"""The files that a prediction writes, image by image; what one lacks stops no other."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
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
from .outcome import first_line
from .raster_reader import Raster
from .result_writers import FORMATS, JsonList, coco_head, coco_results, json_list, to_annotations
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

    Attributes:
        failed: Formats that cannot be written, and why.
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
        self._crops, self._count = BestCrops(classes), 0
        folder = out / FORMATS["annotated"]
        names = picture_names(image.name for image in grids)
        self._annotated = {image: folder / name for image, name in names.items()}
        self._scores, self._has_annotated = scores, False
        self._lists: dict[str, JsonList] = {}
        self._stacks: dict[str, ExitStack] = {}
        self.failed: dict[str, str] = {}
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
        with self._noting("picture", "annotated"):
            record_pictures(self._out, self._pictures())
        for name, wrap in self._wraps.items():
            if name in self._formats:
                with self._noting(name), ExitStack() as stack:
                    self._lists[name] = stack.enter_context(
                        json_list(self._out / FORMATS[name], *wrap)
                    )
                    self._stacks[name] = stack.pop_all()
        return self

    @contextmanager
    def _noting(self, *names: str) -> Iterator[None]:
        """Let formats fail for whatever is raised; the others are written all the same."""
        try:
            yield
        except Exception as error:  # nobody knows which: hours of detection are at stake
            self.failed |= {name: first_line(error) for name in names if name in self._formats}

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
        for name, stack in self._stacks.items():
            with self._noting(name):
                stack.__exit__(kind, error, trace)

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
        results = partial(coco_results, found, image.image_id, self._category_ids)
        writers: dict[str, Callable[[], str | None]] = {
            "coco": lambda: self._append("coco", to_annotations(results(), self._count + 1)),
            "results": lambda: self._append("results", results()),
            "geojson": lambda: self._append_features(image, found, place),
            "picture": lambda: self._crops.add(found, image.name, opener),
            "annotated": lambda: self._draw(image, found, opener),
        }
        for name in self._formats:
            if name in self.failed:
                continue
            try:
                reason = writers[name]()
            except Exception as error:  # as above
                reason = first_line(error)
            if reason:
                yield name, reason
        self._count += len(found)

    def _append(self, name: str, items: Iterable[dict]) -> None:
        """Append to a list, all or nothing; the list goes if it cannot be written."""
        items = list(items)
        with self._noting(name), ExitStack() as stack:
            stack.push(self._stacks[name])
            self._lists[name].add(items)
            stack.pop_all()

    def _append_features(
        self, image: ImageFile, found: Detections, place: Place | None
    ) -> str | None:
        """Append to the GeoJSON, and return what is missing in it."""
        if place is None:
            return None
        features = list(geojson_features(found, image.name, self._classes, place))
        self._append("geojson", features)
        lost = len(found) - len(features)
        reason = f"{lost} of {len(found)} detections are not on Earth, or around a pole"
        return reason if lost else None

    def _draw(
        self, image: ImageFile, found: Detections, opener: Callable[[], Picture | Raster]
    ) -> None:
        """Write an annotated image."""
        with closing(opener()) as source:
            path = self._annotated[image.name]
            save_annotated(path, source, found, self._classes, self._scores)
        self._has_annotated = True

    def save(self) -> list[Path]:
        """Draw the picture of the best detections, and return all files that are written."""
        written = [*self._lists, *["annotated"] * self._has_annotated]
        files = [self._out / FORMATS[name] for name in written if name not in self.failed]
        if "picture" in self._formats and "picture" not in self.failed:
            with self._noting("picture"):
                path = self._out / FORMATS["picture"]
                files += [path] * self._crops.save(path)
        return files
