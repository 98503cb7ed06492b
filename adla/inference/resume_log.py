"""The log of a prediction: what is done is written down, so that a killed run goes on there.

The folder is called ``predict_journal`` among the outputs.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from reprlib import repr as short

import numpy as np
from numpy import ndarray

from adla.atomic_files import atomic_file
from adla.datasets.coco_file import read_json


def file_digest(path: Path) -> str:
    """Return what tells the content of a file from any other."""
    total = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            total.update(chunk)
    return total.hexdigest()


#: Name of the folder among the outputs.
FOLDER = "predict_journal"


def _read_settings(file: Path) -> dict:
    """Read the settings of a log.

    Raises:
        ValueError: If they are damaged.
    """
    try:
        settings = read_json(file)
        if isinstance(settings, dict) and isinstance(settings.get("states", {}), dict):
            return settings
        reason = f"it holds {short(settings)}, not settings by name"
    except ValueError as error:
        reason = str(error)
    raise ValueError(f"{file} is damaged: {reason}; start anew with --fresh")


class ResumeLog:
    """A folder with the settings of a run and one file per finished row of slices.

    Args:
        folder: Where it is, or shall be.
        settings: What determines the detections, as plain json values; None: only to be read. Under
            the key ``states``: number of an image -> its path and what changes when its file does.
            An image without a state could not be opened; once it can, its state is added.

    Raises:
        ValueError: If the folder holds a log of other settings, or of images that have changed; it
            names them. If the log is damaged.
    """

    def __init__(self, folder: Path, settings: dict | None) -> None:
        self._folder = folder
        if settings is None:
            return
        file = folder / "settings.json"
        settings = json.loads(json.dumps(settings))
        now = settings.pop("states", {})
        before = _read_settings(file) if file.exists() else settings
        then = before.get("states", {})
        changed = [
            key
            for key in {**before, **settings}
            if key != "states" and before.get(key) != settings.get(key)
        ]
        if not changed:
            changed = [
                f"images: {now[number][0]} has changed"
                for number in now
                if then.get(number, now[number]) != now[number] and self._rows(int(number))
            ]
        if changed:
            raise ValueError(
                f"{folder} is of an unfinished run with other settings ({', '.join(changed)}): "
                "repeat them to go on with it, take another --out, or start anew with --fresh"
            )
        if not file.exists() or {**then, **now} != then:
            with atomic_file(file, durable=True) as stream:
                json.dump({**settings, "states": {**then, **now}}, stream, indent=1)

    def __contains__(self, key: tuple[int, int]) -> bool:
        return self._file(key).exists()

    def write(self, key: tuple[int, int], table: ndarray) -> None:
        """Write down a finished row of slices.

        Args:
            key: Number of the image and of the row in it.
            table: What was found.
        """
        with atomic_file(self._file(key), "wb", durable=True) as file:
            np.save(file, table)

    def read(self, key: tuple[int, int], fault: Callable[[ndarray], str]) -> ndarray:
        """Read what :meth:`write` wrote.

        Args:
            key: Number of the image and of the row in it.
            fault: Says what is wrong with a table; '' if nothing.

        Raises:
            ValueError: If the file is not what it was.
        """
        file = self._file(key)
        try:
            # Mapped, a wrong size is found before it is held in memory.
            table = np.array(np.load(file, mmap_mode="r"))
            reason = fault(table)
        except FileNotFoundError:
            reason = "it is gone"
        except Exception as error:  # numpy raises anything at a file that is not its own
            reason = str(error) or type(error).__name__
        if reason:
            raise ValueError(
                f"{file} is damaged ({reason}): remove it and call again, which repeats its slices"
            )
        return table

    def forget(self, number: int) -> None:
        """Remove what there is of an image."""
        for file in self._rows(number):
            file.unlink()

    def discard(self) -> None:
        """Remove the log's files, and its folder if nothing else is in it."""
        for pattern in ("*.npy", ".*.tmp", "settings.json"):
            for file in self._folder.glob(pattern):
                file.unlink()
        if self._folder.is_dir() and not any(self._folder.iterdir()):
            self._folder.rmdir()

    def _rows(self, number: int) -> list[Path]:
        return list(self._folder.glob(f"{number:07d}_*.npy"))

    def _file(self, key: tuple[int, int]) -> Path:
        return self._folder / "{:07d}_{:05d}.npy".format(*key)
