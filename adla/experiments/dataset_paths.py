"""Is the data set of a config on disk?"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config


def check_data(
    cfg: Config, splits: Sequence[str], root: Path, suggest: Callable[[str], str]
) -> None:
    """Check that the annotations and the image folder of some splits are there.

    Args:
        cfg: The config.
        splits: Some of 'train', 'val', 'test'.
        root: What relative paths start from.
        suggest: Says how to get a missing file, from a message that names it.

    Raises:
        FileNotFoundError: If one is not there; the message says how to get it.
    """
    for split in splits:
        dataset: Any = cfg[f"{split}_dataloader"].dataset
        while "dataset" in dataset:
            dataset = dataset.dataset
        folder = root / dataset.get("data_root", "")
        paths = [dataset.ann_file, *dataset.get("data_prefix", {}).values()]
        for path in paths:
            if not (folder / path).exists():
                message = f"the data set is not there: no {folder / path}"
                raise FileNotFoundError(message + suggest(message))
