"""The datasets that a config would open, out of their wrappers, as mmdet builds them."""

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS
from mmengine.config import Config

from adla.datasets.image_loader import pipeline_range

from .annotations import Records

SPLITS = ("train", "val", "test")


@dataclass
class Source:
    """One dataset of a config.

    Attributes:
        splits: The splits that read it, such as ``["val", "test"]``.
        dataset: The dataset, its annotations not loaded yet.
        pipeline: Configs of its transforms, then those of its wrappers.
    """

    splits: list[str]
    dataset: CocoDataset
    pipeline: list[dict]

    @property
    def ann_file(self) -> Path:
        """The annotation file, under ``data_root``."""
        return Path(self.dataset.ann_file)

    @property
    def image_dir(self) -> Path:
        """The folder that file names start from: ``data_prefix`` under ``data_root``."""
        return Path(self.dataset.data_prefix.get("img", ""))

    def image_paths(self, records: Records) -> list[Path]:
        """Return the files of all images that are listed, each once."""
        return list(dict.fromkeys(self.image_dir / name for name in records.file_names))

    @property
    def has_range(self) -> bool:
        """Whether the images are loaded by ``LoadImageInRange``."""
        return pipeline_range(self.pipeline) is not None

    @property
    def classes(self) -> list[str]:
        """Class names in label order."""
        return list(self.dataset.metainfo["classes"])


@dataclass
class Opened:
    """What is left once the dataset has loaded, dropped and filtered.

    Attributes:
        boxes: Image id -> number of objects, crowds not counted, for the images that stay.
        labels: Category id -> label.
        error: Why the dataset does not load, or None.
    """

    boxes: dict = field(default_factory=dict)
    labels: dict = field(default_factory=dict)
    error: str | None = None


def config_sources(cfg: Config, split: str = "all") -> list[Source]:
    """Return the datasets of a config; one that several splits read the same way comes once.

    Args:
        cfg: The config.
        split: ``train``, ``val``, ``test``, or ``all`` that it has.

    Raises:
        ValueError: If the config has no such dataset, or one that is not read from COCO json.
        FileNotFoundError: If an annotation file is not there.
    """
    sources: dict[str, Source] = {}
    for name in SPLITS if split == "all" else (split,):
        loader = cfg.get(f"{name}_dataloader")
        if not loader and split == "all":
            continue
        if not loader or not loader.get("dataset"):
            raise ValueError(f"the config has no {name}_dataloader.dataset")
        for leaf, pipeline in _leaves(loader["dataset"], []):
            key = repr((leaf, pipeline))
            if key not in sources:
                sources[key] = Source([], _build(leaf, name), pipeline)
            sources[key].splits.append(name)
    if not sources:
        raise ValueError("the config has neither train_, val_ nor test_dataloader")
    return list(sources.values())


def open_dataset(dataset: CocoDataset) -> Opened:
    """Load a dataset as a training would; pycocotools' chatter is kept away."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            dataset.full_init()
    except Exception as error:  # whatever a damaged file makes mmdet or pycocotools raise
        return Opened(error=f"{type(error).__name__}: {error}".strip(": "))
    boxes = {}
    for info in map(dataset.get_data_info, range(len(dataset))):
        boxes[info["img_id"]] = sum(not one["ignore_flag"] for one in info["instances"])
    return Opened(boxes, dict(dataset.cat2label))


def _leaves(cfg: dict, outer: Sequence[dict]) -> Iterator[tuple[dict, list[dict]]]:
    """Yield each dataset config inside wrappers, with the transforms of both."""
    pipeline = [*(cfg.get("pipeline") or []), *outer]
    inner = cfg.get("datasets") or [cfg.get("dataset")]
    if inner == [None]:
        leaf = {key: value for key, value in cfg.items() if key != "pipeline"}
        yield leaf, pipeline
    else:
        for part in inner:
            yield from _leaves(part, pipeline)


def _build(cfg: dict, split: str) -> CocoDataset:
    """Build a dataset without loading its annotations."""
    where = f"{split}_dataloader.dataset"
    try:
        dataset = DATASETS.build(dict(cfg, pipeline=[], lazy_init=True, serialize_data=False))
    except Exception as error:  # wrong type, wrong argument: the registry wraps them all
        reason = str(error) or type(error).__name__
        raise ValueError(f"{where} cannot be built: {reason}") from error
    if not isinstance(dataset, CocoDataset):
        raise ValueError(
            f"{where} is a {type(dataset).__name__}; only datasets read from COCO json "
            "(CocoDataset, TinyCocoDataset and their kind) can be checked"
        )
    if not dataset.ann_file:
        raise ValueError(f"{where} has no ann_file: name its COCO json there")
    if not Path(dataset.ann_file).is_file():
        raise FileNotFoundError(
            f"annotation file {dataset.ann_file} is not there: mend the ann_file of {where}"
        )
    return dataset
