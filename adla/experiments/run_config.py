"""The config of a run, and whether it is still what the run was started with."""

import ast
import copy
import functools
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config

from .runs import Record, Run


def load_config(folder: Path, run: Run) -> Config:
    """Read the config of a run, with the run's options in it.

    Args:
        folder: The folder `configs/`.
        run: The run.

    Raises:
        ValueError: If an option does not fit the config.
    """
    cfg = copy.deepcopy(_read(folder / str(run.row.config)))
    for key, value in run.options.items():
        try:
            cfg.merge_from_dict({key: value})
        except (KeyError, TypeError, IndexError, AssertionError) as error:
            raise ValueError(
                f"the option {key}={value} does not fit {run.row.config}: {error}"
            ) from error
    return cfg


def digest(cfg: Config) -> str:
    """Return what tells a config from one with another content."""
    text = json.dumps(cfg.to_dict(), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def has_changed(folder: Path, run: Run, record: Record) -> bool:
    """Return whether the config of a run has another content than when the run was started.

    It is read only if one of its files is newer than the record, as that takes a second.
    """
    written = run.record_file.stat().st_mtime
    files = _files(folder / str(run.row.config))
    if all(file.stat().st_mtime <= written for file in files):
        return False
    return digest(load_config(folder, run)) != record.digest


@functools.cache
def _read(path: Path) -> Config:
    return Config.fromfile(path, import_custom_modules=False)


def _files(path: Path) -> Iterator[Path]:
    """Yield a config file and those that it inherits from, mmdet's own (`mmdet::`) left out."""
    yield path
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "_base_":
            bases = ast.literal_eval(node.value)
            for base in [bases] if isinstance(bases, str) else bases:
                if "::" not in base:
                    yield from _files(path.parent / base)
