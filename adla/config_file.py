"""mmengine's configs, read in one way and with one message for what is wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import init_default_scope


def load_config(
    path: str | Path, options: Mapping[str, Any] | None = None, import_modules: bool = True
) -> Config:
    """Read a config, change it, and enter its default scope, which is mmdet's unless it says so.

    Args:
        path: The config file.
        options: Changes, dotted key -> value, as ``--cfg-options`` gives them.
        import_modules: Whether its ``custom_imports`` are imported.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If mmengine cannot make a config of it, or an option does not fit it.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"config file {path} is not there")
    try:
        cfg = Config.fromfile(path, import_custom_modules=import_modules)
    except Exception as error:  # a config is a program: anything may go wrong in it
        raise ValueError(f"{path} is not a config: {type(error).__name__}: {error}") from error
    return _prepare(cfg, options, path)


def parse_config(text: str, options: Mapping[str, Any] | None, name: str | Path) -> Config:
    """Read a config from its text, as checkpoints hold it, and do with it as `load_config` does.

    Args:
        text: The config, flat.
        options: Changes, dotted key -> value.
        name: What messages call the config.

    Raises:
        ValueError: If mmengine cannot make a config of it, or an option does not fit it.
    """
    try:
        cfg = Config.fromstring(text, ".py")
    except Exception as error:  # a config is a program: anything may go wrong in it
        raise ValueError(
            f"{name} holds no readable config: {type(error).__name__}: {error}"
        ) from error
    object.__setattr__(cfg, "_filename", str(name))  # not that of a file that is gone
    return _prepare(cfg, options, name)


def _prepare(cfg: Config, options: Mapping[str, Any] | None, name: str | Path) -> Config:
    change_config(cfg, options or {}, name)
    init_default_scope(cfg.get("default_scope") or "mmdet")
    return cfg


def change_config(cfg: Config, options: Mapping[str, Any], name: str | Path | None) -> None:
    """Change a config in place.

    Args:
        cfg: The config.
        options: Dotted key -> value.
        name: What the message calls the config.

    Raises:
        ValueError: If an option does not fit the config.
    """
    for key, value in options.items():
        try:
            cfg.merge_from_dict({key: value})
        except (KeyError, TypeError, IndexError, AssertionError) as error:
            raise ValueError(f"the option {key}={value} does not fit {name}: {error}") from error
