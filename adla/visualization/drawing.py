"""Pixels of pictures that show a whole image: colors of classes, type, the legend below."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from numpy import ndarray
from PIL import Image, ImageColor, ImageDraw, ImageFont

from .figure import CYCLE

Color = tuple[int, ...]
DARK, LIGHT = (24, 24, 24), (240, 240, 240)
#: Height of a line of the legend, in pixels.
LINE = 22


def class_color(label: int) -> Color:
    """Return the color of a class (red, green, blue), the same in every picture."""
    return ImageColor.getrgb(CYCLE[label % len(CYCLE)])


def is_dashed(label: int) -> bool:
    """Return whether the outlines of a class are dashed, as those after the last color are."""
    return label // len(CYCLE) % 2 == 1


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return the typeface of all pictures, `size` pixels high."""
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf"), size)


def outline(
    draw: ImageDraw.ImageDraw, box: Sequence[int], color: Color, dashed: bool, width: int = 1
) -> None:
    """Draw the outline of a box, and a dark one around it, a pixel wide.

    Args:
        draw: What to draw on.
        box: First and last pixels of its innermost line, xyxy.
        color: Red, green, blue.
        dashed: Whether every third pair of pixels is left dark.
        width: Of the outline in pixels.
    """
    for step in range(width + 1):
        x0, y0, x1, y1 = box[0] - step, box[1] - step, box[2] + step, box[3] + step
        draw.rectangle((x0, y0, x1, y1), outline=color if step < width else DARK)
        if not dashed or step == width:
            continue
        for x in range(box[0] + 4, box[2], 6):
            draw.point([(x + i, y) for i in (0, 1) for y in (y0, y1)], DARK)
        for y in range(box[1] + 4, box[3], 6):
            draw.point([(x, y + i) for i in (0, 1) for x in (x0, x1)], DARK)


def with_legend(
    picture: Image.Image, labels: ndarray, classes: Sequence[str], remarks: Sequence[str] = ()
) -> Image.Image:
    """Return a picture with lines below it: the classes, their colors, how many there are.

    Args:
        picture: The picture.
        labels: Of all detections, (N,), integers.
        classes: Class names, by label.
        remarks: Further words.
    """
    found, counts = np.unique(labels, return_counts=True)
    words: list[tuple[str, int | None]] = [
        (f"{classes[label]} {count:,}", int(label))
        for label, count in zip(found, counts, strict=True)
    ]
    words += [(text, None) for text in (*["nothing found"] * (not words), *remarks)]
    places, x, y = [], 8, 0
    for text, label in words:
        width = int(font(13).getlength(text)) + (20 if label is not None else 0)
        if x > 8 and x + width + 8 > picture.width:
            x, y = 8, y + LINE
        places.append((x, y))
        x += width + 16
    whole = Image.new("RGB", (picture.width, picture.height + y + LINE), DARK)
    whole.paste(picture)
    draw = ImageDraw.Draw(whole)
    for (text, label), (x, y) in zip(words, places, strict=True):
        middle = picture.height + y + LINE // 2
        if label is not None:
            outline(draw, (x, middle - 5, x + 11, middle + 6), class_color(label), is_dashed(label))
            x += 20
        draw.text((x, middle), text, LIGHT, font(13), anchor="lm")
    return whole
