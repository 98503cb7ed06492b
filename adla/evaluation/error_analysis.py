"""What went wrong where: TIDE errors and a line per image, both computed by hotcoco."""

from .coco_engines import ALL_AREAS, Engine

#: What hotcoco's kinds of errors mean (Bolya et al., "TIDE", ECCV 2020).
TIDE_ERRORS = {
    "Cls": "right place, wrong class",
    "Loc": "right class, IoU between .1 and .5",
    "Both": "wrong class and IoU between .1 and .5",
    "Dupe": "a second detection of an object already found",
    "Bkg": "IoU below .1 with every object",
    "Miss": "objects that no detection explains",
}


def tide_errors(engine: Engine, max_det: int = 1500) -> dict[str, dict[str, float]]:
    """Return by kind of error the AP at IoU .5 that mending it would add, and how many there are.

    Args:
        engine: The engine ``'hotcoco'``.
        max_det: Number of detections per image and class.
    """
    found = engine.evaluate([0.5], ALL_AREAS, [max_det]).tide_errors()
    return {
        kind: {"AP50 lost": found["delta_ap"][kind], "count": found["counts"][kind]}
        for kind in TIDE_ERRORS
    }


def image_rows(engine: Engine, max_det: int = 1500) -> list[tuple[int, int, int, int, float]]:
    """Return (image, hits, false alarms, misses, F1) at IoU .5, the lowest F1 first.

    Images count from 0; one without objects and detections has no row. Every detection within the
    limit counts, whatever its score.

    Args:
        engine: The engine ``'hotcoco'``.
        max_det: Number of detections per image and class.
    """
    rows = []
    for evaluation in engine.in_chunks(0.5, max_det):
        images = evaluation.image_diagnostics()["img_summary"]
        rows += [
            (i - 1, *(row[key] for key in ("tp", "fp", "fn", "f1"))) for i, row in images.items()
        ]
    return sorted(rows, key=lambda row: (row[-1], row[0]))
