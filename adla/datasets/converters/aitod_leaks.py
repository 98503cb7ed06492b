"""Crops of the same scene on both sides of the AI-TOD split.

The authors' toolkit cuts xView scenes into crops of 800 pixels every 600 pixels and names each
``SCENE__X_Y.png`` after the place of its top left corner in the scene. Neighbors share 200 pixels
and were dealt out to train, val and test one by one (issue 28 of AI-TOD).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

_CROP = re.compile(r"(?P<scene>.+)__(?P<x>\d+)_(?P<y>\d+)\.\w+")


def is_crop(file_name: str) -> bool:
    """Say whether a file name tells its place in a scene."""
    return _CROP.fullmatch(file_name) is not None


def crop_place(image: Mapping) -> tuple[str, tuple[int, int, int, int]] | None:
    """Read from a COCO image where it was cut out.

    Returns:
        The scene and the crop ``(x1, y1, x2, y2)`` in the scene's pixels; None if the name does
        not tell, as with the images that are not from xView.
    """
    match = _CROP.fullmatch(image["file_name"])
    if match is None:
        return None
    x, y = int(match["x"]), int(match["y"])
    return match["scene"], (x, y, x + image["width"], y + image["height"])


def leaking_images(train: Iterable[Mapping], test: Iterable[Mapping]) -> dict[int | str, str]:
    """Find the images of ``test`` that share part of their scene with one of ``train``.

    Args:
        train: COCO images.
        test: COCO images.

    Returns:
        Per id of such a test image, the file name of a train image that overlaps it.
    """
    crops = defaultdict(list)
    for image in train:
        if place := crop_place(image):
            crops[place[0]].append((place[1], image["file_name"]))
    leaks: dict[int | str, str] = {}
    for image in test:
        place = crop_place(image)
        if place is None:
            continue
        scene, box = place
        for other, name in crops.get(scene, ()):
            if max(box[0], other[0]) < min(box[2], other[2]) and max(box[1], other[1]) < min(
                box[3], other[3]
            ):
                leaks[image["id"]] = name
                break
    return leaks


def without_images(coco: Mapping, image_ids: Iterable[int | str], reason: str) -> dict:
    """Return COCO annotations without some images and their objects; ``info`` says why."""
    gone = set(image_ids)
    info = coco.get("info")
    return {
        **coco,
        "info": {**(info if isinstance(info, dict) else {}), "left_out": reason},
        "images": [image for image in coco["images"] if image["id"] not in gone],
        "annotations": [ann for ann in coco["annotations"] if ann["image_id"] not in gone],
    }
