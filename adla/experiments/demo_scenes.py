"""The scenes of the demo: written once, and told from any others."""

import hashlib
import json
import shutil
from pathlib import Path

from rich.console import Console

from adla.datasets.synthetic import GENERATOR, describe_scenes, write_scenes

from .progress import Ticker


def prepare_scenes(root: Path, train: int, val: int, fresh: bool, console: Console) -> str:
    """Write the scenes unless they are there, and return a digest of their annotations.

    Raises:
        ValueError: If `data/scenes` holds something else.
    """
    out = root / "data/scenes"
    files = [out / "annotations" / f"{split}.json" for split in ("train", "val")]
    if fresh and out.exists() and _generated(files) is not None:
        shutil.rmtree(out)
    if out.exists() and any(out.iterdir()):
        if _generated(files) != [train, val]:
            raise ValueError(
                f"{out} does not hold the demo's {train} + {val} scenes; "
                "move it away, or run the demo with --fresh if make_scenes wrote it"
            )
    else:
        with Ticker(console, "drawing scenes") as ticker:
            count = iter(range(1, train + val + 1))
            total = train + val

            def on_image() -> None:
                done = next(count)
                ticker.update(done / total, f"scene {done}/{total}")

            out.parent.mkdir(parents=True, exist_ok=True)
            write_scenes(out, train, val, on_image=on_image)
    for file in files:
        text = describe_scenes(file).replace(f"{root}/", "")
        console.print(text, highlight=False, soft_wrap=True)
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _generated(files: list[Path]) -> list[int] | None:
    """Return the number of images of each annotation file, or None if make_scenes wrote none."""
    try:
        contents = [json.loads(file.read_text()) for file in files]
    except (OSError, ValueError):
        return None
    if any(coco.get("info", {}).get("generator") != GENERATOR for coco in contents):
        return None
    return [len(coco["images"]) for coco in contents]


def check_runs(out: Path, digest: str) -> None:
    """Check that the runs in a folder are of this data, and note the data in a new one.

    Args:
        out: The folder.
        digest: Of the annotations of the data.

    Raises:
        ValueError: If they are of others.
    """
    file = out / "scenes.sha256"
    if file.exists() and file.read_text() != digest:
        raise ValueError(
            f"{out} was trained on other images; run the demo with --fresh to train anew"
        )
    out.mkdir(parents=True, exist_ok=True)
    file.write_text(digest)
