"""Detect in one picture or scene, a row of slices at a time."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy import ndarray

from adla.evaluation.box_arrays import Detections

from .detector import SliceDetector
from .image_readers import Picture, RowBuffer
from .raster_reader import Raster
from .resume_log import ResumeLog
from .slicing import SliceGrid


def detect_scene(
    source: Picture | Raster,
    grid: SliceGrid,
    detector: SliceDetector,
    resume_log: ResumeLog,
    number: int,
    score_thr: float,
    batch_size: int,
    on_slices: Callable[[int], None] = lambda count: None,
) -> None:
    """Detect in all slices that hold data and write each finished row into the log.

    One row of slices is in memory, no more. Rows that the log has are not repeated.

    Args:
        source: The picture or scene.
        grid: Its slices.
        detector: What finds the objects.
        resume_log: Where the finds go.
        number: Of the image in the log.
        score_thr: Detections with a lower score are left out.
        batch_size: Number of slices that the detector takes at once.
        on_slices: Called with the number of slices that were finished.

    Raises:
        UnreadableImage: If the source is damaged or cut short.
    """
    buffer = RowBuffer(source)
    spans = [slice(*span) for span in grid.columns.tolist()]
    for row, (top, bottom) in enumerate(grid.rows.tolist()):
        if (number, row) in resume_log:
            on_slices(len(spans))
            continue
        pixels, valid = buffer.read(top, bottom)
        columns = [column for column, span in enumerate(spans) if valid[:, span].any()]
        on_slices(len(spans) - len(columns))
        tables = [np.zeros((0, 7))]
        for start in range(0, len(columns), batch_size):
            batch = columns[start : start + batch_size]
            found = detector.detect([np.ascontiguousarray(pixels[:, spans[c]]) for c in batch])
            for column, each in zip(batch, found, strict=True):
                tables.append(_to_table(each, column, spans[column].start, top, score_thr))
            on_slices(len(batch))
        resume_log.write((number, row), np.concatenate(tables))


def _to_table(found: Detections, column: int, left: int, top: int, score_thr: float) -> ndarray:
    """Return detections as rows: x0, y0, x1, y1 in pixels of the scene, score, label, column."""
    keep = found.scores >= score_thr
    columns = np.full(len(found), column)
    boxes = found.corners + np.array([left, top, left, top])
    return np.column_stack([boxes, found.scores, found.labels, columns])[keep]


def collect_scene(
    grid: SliceGrid, resume_log: ResumeLog, number: int, num_classes: int
) -> tuple[Detections, ndarray]:
    """Read what all slices of an image found, and the slice of each detection, from the log.

    Args:
        grid: The slices of the image.
        resume_log: The log.
        number: Of the image in the log.
        num_classes: Classes of the detector.

    Raises:
        ValueError: If a file of the log is damaged.
    """
    tables = []
    fault = partial(_table_fault, columns=len(grid.columns), num_classes=num_classes)
    for row in range(len(grid.rows)):
        tables.append(resume_log.read((number, row), fault))
        tables[-1][:, 6] += row * len(grid.columns)
    table = np.concatenate(tables)
    found = Detections.from_corners(table[:, :4], table[:, 4], table[:, 5].astype(np.int64))
    return found, table[:, 6].astype(np.int64)


def _table_fault(table: ndarray, columns: int, num_classes: int) -> str:
    """Say what is wrong with a table that :func:`_to_table` has made; '' if nothing."""
    if table.dtype != np.float64 or table.ndim != 2 or table.shape[1] != 7:
        return f"an array of {table.dtype} of shape {table.shape}, not float64 of (N, 7)"
    if not np.isfinite(table).all():
        return "a number that is not finite"
    scores, labels, slices = table[:, 4:].T
    if not ((scores >= 0) & (scores <= 1)).all():
        return "a score outside [0, 1]"
    for name, values, end in (("label", labels, num_classes), ("slice", slices, columns)):
        if not ((values >= 0) & (values < end) & (values == np.floor(values))).all():
            return f"a {name} that is none of the {end}"
    if not (np.diff(slices) >= 0).all():
        return "slices that are not in order"
    return ""
