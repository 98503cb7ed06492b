"""What went wrong where: TIDE errors and a line per image, both computed by hotcoco."""

from collections.abc import Sequence

from .columns import Detections, GroundTruth
from .engines import ALL_AREAS, load_engine

#: What hotcoco's kinds of errors mean (Bolya et al., "TIDE", ECCV 2020).
TIDE_ERRORS = {
    "Cls": "right place, wrong class",
    "Loc": "right class, IoU between .1 and .5",
    "Both": "wrong class and IoU between .1 and .5",
    "Dupe": "a second detection of an object already found",
    "Bkg": "IoU below .1 with every object",
    "Miss": "objects that no detection explains",
}


def tide_errors(
    truth: GroundTruth, detections: Detections, max_det: int = 1500
) -> dict[str, dict[str, float]]:
    """Return by kind of error the AP at IoU .5 that mending it would add, and how many there are.

    Raises:
        ImportError: If hotcoco is not installed.
    """
    engine = load_engine("hotcoco")(truth, detections)
    found = engine.evaluate([0.5], ALL_AREAS, [max_det]).tide_errors()
    return {
        kind: {"AP50 lost": found["delta_ap"][kind], "count": found["counts"][kind]}
        for kind in TIDE_ERRORS
    }


def image_rows(
    truth: GroundTruth, detections: Detections, max_det: int = 1500
) -> tuple[Sequence[str], list[tuple]]:
    """Return column names and a row per image, at IoU .5, the images with the lowest F1 first.

    Every detection within the limit counts, whatever its score.

    Raises:
        ImportError: If hotcoco is not installed.
    """
    columns = ("tp", "fp", "fn", "f1", "ap")
    rows = []
    for evaluation in load_engine("hotcoco")(truth, detections).in_chunks(0.5, max_det):
        summary = evaluation.image_diagnostics()["img_summary"]
        rows += [
            (truth.image_ids[i - 1], *(row[key] for key in columns)) for i, row in summary.items()
        ]
    return ("image_id", *columns), sorted(rows, key=lambda row: (row[4], row[0]))
