"""Which objects detectors find, by size, without showing an image."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy import ndarray

from .detections import Sample, best_f1_score, match_detections
from .figure import SKY, VERMILION, new_grid, save_figure

#: Borders of the size bins of the bars, in pixels.
SIZES = (0, 3, 4, 5, 6, 8, 12, np.inf)


def object_fates(
    samples: list[Sample], iou_thr: float = 0.5
) -> tuple[ndarray, ndarray, ndarray, int]:
    """Return what became of every object at the score with the best F1.

    Args:
        samples: Detections and ground truth, image by image.
        iou_thr: The IoU from which an object counts as found.

    Returns:
        Size in pixels (the root of the area), IoU with the best detection of its class, and whether
        it was found, each of shape (G,), and the number of false alarms.
    """
    threshold, _ = best_f1_score(samples, iou_thr)
    sizes, overlaps, founds, false_alarms = [], [], [], 0
    for sample in samples:
        sample = sample.from_score(threshold)
        hit, found = match_detections(sample, iou_thr)
        sizes.append(np.sqrt((sample.gt_boxes[:, 2:] - sample.gt_boxes[:, :2]).prod(axis=1)))
        overlaps.append(sample.class_iou().max(axis=0, initial=0))
        founds.append(found)
        false_alarms += int((~hit).sum())
    return np.concatenate(sizes), np.concatenate(overlaps), np.concatenate(founds), false_alarms


def save_hits(path: str | Path, runs: Mapping[str, list[Sample]]) -> Path:
    """Save one row per run: objects found and missed by size, and how well each is covered.

    Args:
        path: PNG to write.
        runs: Name -> detections and ground truth, image by image.
    """
    figure, axes = new_grid(len(runs), 2, 4.6, 2.9)
    for (bars, cloud), (name, samples) in zip(axes, runs.items(), strict=True):
        sizes, overlaps, found, false_alarms = object_fates(samples)
        kinds = (("found", found, SKY), ("missed", ~found, VERMILION))
        bottom = np.zeros(len(SIZES) - 1)
        for label, mask, color in kinds:
            count = np.histogram(sizes[mask], SIZES)[0]
            bars.bar(np.arange(len(count)), count, bottom=bottom, color=color, label=label)
            bottom += count
            cloud.scatter(sizes[mask], overlaps[mask], s=12, color=color, alpha=0.7, linewidth=0)
        total = f"{found.sum()} of {len(found)} found, {false_alarms} false alarms"
        bars.set_title(f"{name}: {total}", loc="left")
        bars.set(ylabel="objects", xlabel="size, px")
        bars.set_xticks(np.arange(len(bottom)), [_name_bin(i) for i in range(len(bottom))])
        bars.set_axisbelow(True)
        bars.legend(loc="upper right")
        cloud.axhline(0.5, color="gray", linewidth=0.8)
        cloud.set(
            xlabel="size, px", ylabel="IoU of the best detection", ylim=(-0.03, 1), xscale="log"
        )
        cloud.set_xticks([2, 4, 8, 16], ["2", "4", "8", "16"])
        cloud.minorticks_off()
    return save_figure(figure, path)


def _name_bin(index: int) -> str:
    low, high = SIZES[index : index + 2]
    if not low:
        return f"to {high:g}"
    return f"{low:g}-{high:g}" if np.isfinite(high) else f"over {low:g}"
