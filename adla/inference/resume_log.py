"""The log of a prediction: what is done is written down, so that a killed run goes on there.

The folder is called ``predict_journal`` among the outputs.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
from numpy import ndarray

from adla.atomic_files import atomic_file


def file_digest(path: Path) -> str:
    """Return what tells the content of a file from any other."""
    total = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            total.update(chunk)
    return total.hexdigest()


#: Name of the folder among the outputs.
FOLDER = "predict_journal"


class ResumeLog:
    """A folder with the settings of a run and one file per finished row of slices.

    Args:
        folder: Where it is, or shall be.
        settings: What determines the detections, as plain json values; None: only to be read. Under
            the key ``states``: number of an image -> its path and what changes when its file does.
            An image without a state could not be opened; once it can, its state is added.

    Raises:
        ValueError: If the folder holds a log of other settings, or of images that have changed; it
            names them.
    """

    def __init__(self, folder: Path, settings: dict | None) -> None:
        self._folder = folder
        if settings is None:
            return
        file = folder / "settings.json"
        settings = json.loads(json.dumps(settings))
        now = settings.pop("states", {})
        before = json.loads(file.read_text()) if file.exists() else settings
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

    def read(self, key: tuple[int, int]) -> ndarray:
        """Read what :meth:`write` wrote.

        Raises:
            ValueError: If the file is damaged.
        """
        try:
            return np.load(self._file(key))
        except (ValueError, EOFError) as error:
            raise ValueError(f"{self._file(key)} is damaged ({error}): remove it") from error

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
