"""One dataset of a config, looked at from all sides."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy import ndarray

from adla.datasets.image_loader import image_loader

from .annotations import Records
from .config_datasets import Source, open_dataset
from .image_files import read_files
from .network_view import Eyes, View, network_view
from .object_sizes import Sizes, measure_sizes
from .problem_kinds import Problem
from .problems import find_problems


@dataclass
class Inspection:
    """What is to be known of one dataset before training.

    Attributes:
        source: The dataset.
        records: Its annotation file.
        chosen: Shape (M,), the annotations that are objects: sound, of the config's classes, in
            images that stay.
        num_images: Images that stay.
        num_empty: Those of them without an object.
        most_objects: The most in one image.
        class_counts: Class -> objects, in label order.
        sizes: In original pixels.
        view: In network pixels; None without images.
        problems: All that is wrong.
    """

    source: Source
    records: Records
    chosen: ndarray
    num_images: int
    num_empty: int
    most_objects: int
    class_counts: dict[str, int]
    sizes: Sizes
    view: View | None
    problems: list[Problem]

    @property
    def name(self) -> str:
        """The splits that read it, such as ``val, test``."""
        return ", ".join(self.source.splits)

    def as_dict(self) -> dict[str, Any]:
        """Return everything, for json."""
        return {
            "splits": self.source.splits,
            "dataset": type(self.source.dataset).__name__,
            "ann_file": str(self.source.ann_file),
            "image_dir": str(self.source.image_dir),
            "images": self.num_images,
            "images_without_object": self.num_empty,
            "objects": self.sizes.count,
            "objects_per_image": {
                "mean": self.sizes.count / self.num_images if self.num_images else None,
                "max": self.most_objects,
            },
            "classes": self.class_counts,
            "sizes": asdict(self.sizes),
            "network": self.view.as_dict() if self.view else None,
            "problems": [problem.as_dict() for problem in self.problems],
        }


def inspect_source(
    source: Source,
    records: Records,
    eyes: Eyes,
    jobs: int = 1,
    on_file: Callable[[], object] = lambda: None,
) -> Inspection:
    """Look at a dataset from all sides.

    Args:
        source: The dataset.
        records: Its annotation file.
        eyes: What of the config decides how it sees.
        jobs: How many image files are read at a time.
        on_file: Called after each image file.

    Raises:
        ValueError: If a transform of the pipeline cannot be built.
    """
    load = image_loader(source.pipeline)
    files = read_files(source.image_paths(records), jobs, on_file, load)
    opened = open_dataset(source.dataset)
    kept = set(records.image_ids) if opened.error else set(opened.boxes)
    chosen = records.usable(source.classes, kept)
    per_image = Counter(records.ann_images[chosen].tolist())
    return Inspection(
        source,
        records,
        chosen,
        num_images=len(kept),
        num_empty=len(kept) - len(per_image),
        most_objects=max(per_image.values(), default=0),
        class_counts=_count_classes(records, chosen, source.classes),
        sizes=measure_sizes(records.boxes[chosen]),
        view=network_view(records, chosen, source.pipeline, eyes),
        problems=find_problems(source, records, opened, files),
    )


def _count_classes(records: Records, chosen: ndarray, classes: list[str]) -> dict[str, int]:
    """Count the chosen objects of each class."""
    names = dict(records.categories)
    counts = Counter(names[records.ann_categories[index]] for index in np.flatnonzero(chosen))
    return {name: counts[name] for name in classes}
