"""Detections and ground truth, image by image, from COCO json."""

from pathlib import Path

from adla.datasets.image_identity import unique_map
from adla.evaluation.box_arrays import to_corners
from adla.evaluation.result_files import load_detections, load_ground_truth

from .detections import Sample


def read_samples(ann_file: str | Path, result_file: str | Path) -> dict[str, Sample]:
    """Read what a detector found in each image of an annotation file, by the image's file name.

    Crowd regions are left out.

    Args:
        ann_file: COCO annotations.
        result_file: COCO results.

    Raises:
        FileNotFoundError: If one of them is not there.
        ValueError: If one of them is wrong, they do not belong together, or images share a file.
    """
    dataset, truth, _ = load_ground_truth(ann_file)
    found, _ = load_detections(result_file, dataset, truth)
    images = dataset["images"]
    unique_map(((one["file_name"], one["id"]) for one in images), "the image file", ann_file)
    names = {image["id"]: image["file_name"] for image in images}
    samples = {}
    for index, image_id in enumerate(truth.image_ids):
        mine, real = found.images == index, (truth.images == index) & ~truth.crowds
        sample = Sample(found.select(mine), to_corners(truth.boxes[real]), truth.labels[real])
        samples[names[image_id]] = sample
    return samples
