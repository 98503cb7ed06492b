"""Trained models that come with adla: one file each, its weights and its config.

``adla export weights`` makes the files, ``adla predict --model NAME`` uses them, and
``docs/models/NAME.md`` says what a model was trained on and what it cannot do.
"""

from pathlib import Path

import torch

FOLDER = Path(__file__).resolve().parent
#: The largest file that comes along, in bytes.
MAX_BYTES = 6_000_000
#: What comes before the name of a model where a checkpoint is wanted.
MODEL_PREFIX = "adla://"


def list_models(folder: Path = FOLDER) -> dict[str, str]:
    """Return what each model finds, one line by name."""
    return {file.stem: describe(file) for file in sorted(folder.glob("*.pth"))}


def describe(file: Path) -> str:
    """Return in one line what a model finds, and what it was trained on."""
    meta = torch.load(file, map_location="cpu", weights_only=True)["meta"]
    classes = ", ".join(meta["dataset_meta"]["classes"])
    return f"{classes}; {meta['about']}" if meta["about"] else classes


def find_model(name: str, folder: Path = FOLDER) -> Path:
    """Return the file of a model.

    Raises:
        ValueError: If there is no such model; the message lists those that there are.
    """
    models = list_models(folder)
    if name in models:
        return folder / f"{name}.pth"
    what = f"there is no model {name!r}" if name else "no model is named"
    if not models:
        raise ValueError(f"{what}: no model comes with this version; name CONFIG and CHECKPOINT")
    width = max(map(len, models))
    lines = [f"\n  {one.ljust(width)}  {about}" for one, about in models.items()]
    raise ValueError(f"{what}; these come with adla:{''.join(lines)}")


def find_checkpoint(name: str) -> Path:
    """Return the file of a checkpoint: a path, or ``adla://NAME`` for a model that comes along.

    Raises:
        ValueError: If there is no such model; the message lists those that there are.
    """
    if name.startswith(MODEL_PREFIX):
        return find_model(name.removeprefix(MODEL_PREFIX))
    return Path(name).expanduser()
