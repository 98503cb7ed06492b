"""The config of a run, and whether it is still what the run was started with."""

import ast
import copy
import functools
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config

from adla.config_file import change_config, load_config

from .runs import Record, Run


def load_run_config(folder: Path, run: Run) -> Config:
    """Read the config of a run, with the run's options in it.

    Args:
        folder: The folder `configs/`.
        run: The run.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no config, or an option does not fit it.
    """
    cfg = copy.deepcopy(_read(folder / str(run.row.config)))
    change_config(cfg, run.options, run.row.config)
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
    return digest(load_run_config(folder, run)) != record.digest


@functools.cache
def _read(path: Path) -> Config:
    return load_config(path, import_modules=False)


def _files(path: Path) -> Iterator[Path]:
    """Yield a config file and those that it inherits from, mmdet's own (`mmdet::`) left out."""
    yield path
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "_base_":
            bases = ast.literal_eval(node.value)
            for base in [bases] if isinstance(bases, str) else bases:
                if "::" not in base:
                    yield from _files(path.parent / base)
