"""Draw which objects one or several detectors find and miss, by size, without any image."""

import argparse
import sys

import numpy as np

from adla.evaluation.result_files import load_detections, load_ground_truth
from adla.visualization.detections import Detections
from adla.visualization.recall_by_size import object_fates, save_hits


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ann_file", help="COCO annotations")
    parser.add_argument("results", nargs="+", metavar="NAME=FILE", help="COCO results of a run")
    parser.add_argument("--out", default="work_dirs/hits.png", help="PNG to write")
    return parser.parse_args()


def load(ann_file: str, result_file: str) -> list[Detections]:
    """Return detections and ground truth image by image."""
    dataset, truth, _ = load_ground_truth(ann_file)
    found, _ = load_detections(result_file, dataset, truth)

    def corners(boxes: np.ndarray) -> np.ndarray:
        return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)

    samples = []
    for image in range(len(truth.image_ids)):
        mine, real = found.images == image, (truth.images == image) & ~truth.crowds
        samples.append(
            Detections(
                corners(found.boxes[mine]),
                found.scores[mine],
                found.classes[mine],
                corners(truth.boxes[real]),
                truth.classes[real],
            )
        )
    return samples


def main() -> None:
    """Draw the picture and print a line per run."""
    args = parse_args()
    try:
        wrong = [text for text in args.results if "=" not in text]
        if wrong:
            raise ValueError(f"results are NAME=FILE, but got {wrong[0]!r}")
        files = dict(text.split("=", 1) for text in args.results)
        runs = {name: load(args.ann_file, file) for name, file in files.items()}
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    for name, samples in runs.items():
        _, _, found, false_alarms = object_fates(samples)
        print(f"{name}: {found.sum()} of {len(found)} found, {false_alarms} false alarms")
    print(save_hits(args.out, runs))


if __name__ == "__main__":
    main()
