"""Category ids of a COCO file in the order of the classes."""

from collections.abc import Sequence

from pycocotools.coco import COCO


def category_ids(coco: COCO, classes: Sequence[str], source: str) -> list[int]:
    """Return the category id of each class, so that label ``i`` is ``classes[i]``.

    mmdet takes the ids in the order of the file instead, which gives wrong names where the file
    lists its categories in another order.

    Args:
        coco: The annotations.
        classes: Class names in label order.
        source: What the annotations were read from, for the message.

    Raises:
        ValueError: If a class is not among the categories, or a category name is there twice.
    """
    names = [category["name"] for category in coco.dataset.get("categories", [])]
    missing = [name for name in classes if name not in names]
    if missing:
        raise ValueError(
            f"{source} has no category {missing}; its categories are {names}. Rename them in the "
            "file, or set the dataset's metainfo=dict(classes=(...)) to the file's names."
        )
    twice = [name for name in classes if names.count(name) > 1]
    if twice:
        raise ValueError(f"{source} has more than one category named {twice}")
    ids = {category["name"]: category["id"] for category in coco.dataset["categories"]}
    return [ids[name] for name in classes]
