"""Cut scenes into overlapping tiles, and boxes with them."""

from collections.abc import Sequence

Box = tuple[float, float, float, float]
#: Share of a box's area that a tile must show for the box to be an object of it.
MIN_VISIBLE = 0.5


def tile_starts(length: int, tile: int, step: int) -> list[int]:
    """Return where tiles begin along one side; the last one ends at the border.

    Args:
        length: Length of the side in pixels.
        tile: Length of a tile; a shorter side has one tile, at 0.
        step: From the start of one tile to that of the next.
    """
    last = max(length - tile, 0)
    return sorted({*range(0, last + 1, step), last})


def visible_boxes(boxes: Sequence[Box], x: int, y: int, width: int, height: int) -> list[Box]:
    """Return the boxes that a tile shows half or more of, cut at its border.

    Args:
        boxes: ``(x, y, w, h)`` in pixels of the scene.
        x: Left border of the tile.
        y: Upper border of the tile.
        width: Of the tile.
        height: Of the tile.

    Returns:
        ``(x, y, w, h)`` in pixels of the tile.
    """
    shown = []
    for left, top, w, h in boxes:
        x1, y1 = max(left - x, 0), max(top - y, 0)
        x2, y2 = min(left + w - x, width), min(top + h - y, height)
        if x2 > x1 and y2 > y1 and (x2 - x1) * (y2 - y1) >= MIN_VISIBLE * w * h:
            shown.append((x1, y1, x2 - x1, y2 - y1))
    return shown
