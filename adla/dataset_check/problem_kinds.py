"""What can be wrong with a data set."""

from dataclasses import dataclass
from typing import Any

#: Kind -> its level and what it means. An error spoils a training or a measurement; a warning is
#: worth a look; a note is good to know.
KINDS: dict[str, tuple[str, str]] = {
    "does-not-load": ("error", "the dataset of the config does not load"),
    "malformed-entry": ("error", "an entry of the annotation file lacks a field or a number"),
    "no-object": ("error", "no object is left to learn or to measure"),
    "missing-image": ("error", "there is no such image file"),
    "unreadable-image": ("error", "the image file is damaged, cut short, or no image"),
    "unloadable-image": ("error", "the file is whole, but the pipeline cannot load it"),
    "lost-gray-levels": ("error", "of more than 8 bits next to nothing is left after loading"),
    "image-size": ("error", "the file has not the size that its annotation says"),
    "repeated-image-id": ("error", "images share an id: all but one are lost"),
    "repeated-annotation-id": ("error", "annotations share an id: all but one are lost"),
    "repeated-category": ("error", "categories share an id or a name: labels get mixed up"),
    "dangling-annotation": ("error", "an annotation of an image that the file does not list"),
    "unknown-category": ("error", "an annotation of a category that the file does not list"),
    "class-without-category": ("error", "a class of the config is no category of the file"),
    "wrong-label": ("error", "the dataset gives a category the label of another class"),
    "box-without-area": ("error", "width or height is not above 0, or a number is not finite"),
    "box-vanishes": ("error", "inside the image a side is 0 in float32: the loss becomes infinite"),
    "box-outside": ("error", "the box lies outside its image altogether"),
    "box-over-the-edge": ("warning", "the box reaches beyond its image by more than 1 px"),
    "duplicate-box": ("warning", "the same box of the same class is there more than once"),
    "repeated-file": ("warning", "an image file is listed under several ids"),
    "more-than-8-bits": ("warning", "loading keeps the upper 8 bits; LoadImageInRange scales"),
    "outside-folder": ("error", "a file name is absolute, or leaves the image folder by .."),
    "hidden-bands": ("warning", "bands are not marked as colors: loading shows the first as gray"),
    "dropped-box": ("warning", "the dataset drops sound objects; TinyCocoDataset keeps them"),
    "category-left-out": ("warning", "a category with objects is not among the config's classes"),
    "class-without-object": ("warning", "a class of the config has no object"),
    "other-area": ("warning", "area is missing or not w * h: it decides the size bin"),
    "annotation-id-0": ("warning", "pycocotools takes a match with it for a false alarm"),
    "shared-image": ("warning", "an image of the training is also measured on"),
    "image-id-0": ("note", "image ids begin at 0"),
}  # fmt: skip


@dataclass
class Problem:
    """All places where one kind of problem was found.

    Attributes:
        kind: A key of :data:`KINDS`.
        items: One line per place.
    """

    kind: str
    items: list[str]

    @property
    def level(self) -> str:
        """``error``, ``warning`` or ``note``."""
        return KINDS[self.kind][0]

    @property
    def meaning(self) -> str:
        """What this kind of problem is, in a sentence."""
        return KINDS[self.kind][1]

    def as_dict(self) -> dict[str, Any]:
        """Return everything, for json."""
        return {
            "kind": self.kind,
            "level": self.level,
            "meaning": self.meaning,
            "count": len(self.items),
            "items": self.items,
        }
