"""mmengine's configs, read in one way and with one message for what is wrong."""

from collections.abc import Mapping
from pathlib import Path
from reprlib import repr as short
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
    faults = structure_faults(cfg)
    if faults:
        more = f" (and {len(faults) - 1} more)" * (len(faults) > 1)
        raise ValueError(f"{name}: {faults[0]}{more}")
    init_default_scope(cfg.get("default_scope") or "mmdet")
    return cfg


def structure_faults(cfg: Mapping[str, Any]) -> list[str]:
    """List what in a config is not of the kind that every reader of it takes for granted.

    Checked are the default scope, the model with its heads and assigners, and the datasets of the
    three loaders with their pipelines, inside wrappers too. What a component makes of its arguments
    is left to it.
    """
    scope = cfg.get("default_scope")
    faults = (
        [] if scope is None or isinstance(scope, str) else [_is(scope, "default_scope", "name")]
    )
    model = cfg.get("model")
    if model is not None and not isinstance(model, Mapping):
        faults.append(_is(model, "model", "dict"))
    elif model:
        faults += _model_faults(model, "model")
    before = model.get("data_preprocessor") if isinstance(model, Mapping) else None
    if before is not None and not isinstance(before, Mapping):
        faults.append(_is(before, "model.data_preprocessor", "dict"))
    elif before and not _is_count(before.get("pad_size_divisor", 1)):
        divisor = before["pad_size_divisor"]
        faults.append(_is(divisor, "model.data_preprocessor.pad_size_divisor", "number from 1"))
    for split in ("train", "val", "test"):
        loader = cfg.get(f"{split}_dataloader")
        name = f"{split}_dataloader"
        if loader is not None and not isinstance(loader, Mapping):
            faults.append(_is(loader, name, "dict"))
        elif loader:
            faults += _dataset_faults(loader.get("dataset"), f"{name}.dataset")
    return faults


def build_model(cfg: Config) -> Any:
    """Build the model of a config.

    Raises:
        ValueError: If it has none, or a component does not take its arguments.
    """
    from mmdet.registry import MODELS

    try:
        return MODELS.build(cfg.model)
    except Exception as error:  # whatever a component raises at arguments that are none
        reason = str(error) or type(error).__name__
        raise ValueError(f"{cfg.filename}: the model cannot be built: {reason}") from error


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


def _dataset_faults(dataset: Any, name: str) -> list[str]:
    """List what is wrong with a dataset of a config and those inside it."""
    if dataset is None:
        return []
    if not isinstance(dataset, Mapping):
        return [_is(dataset, name, "dict")]
    faults: list[str] = []
    meta, pipeline = dataset.get("metainfo"), dataset.get("pipeline")
    if meta is not None and not isinstance(meta, Mapping):
        faults.append(_is(meta, f"{name}.metainfo", "dict"))
    elif meta and not _are_names(meta.get("classes", "")):
        faults.append(_is(meta["classes"], f"{name}.metainfo.classes", "list of names"))
    prefix = dataset.get("data_prefix") or {}
    paths = {"ann_file": dataset.get("ann_file"), "data_root": dataset.get("data_root")}
    if isinstance(prefix, Mapping):
        paths |= {f"data_prefix.{key}": value for key, value in prefix.items()}
    else:
        faults.append(_is(prefix, f"{name}.data_prefix", "dict"))
    for key, value in paths.items():
        if value is not None and not isinstance(value, str):
            faults.append(_is(value, f"{name}.{key}", "path"))
    if pipeline is not None:
        faults += _typed(pipeline, f"{name}.pipeline")
    faults += _dataset_faults(dataset.get("dataset"), f"{name}.dataset")
    inner = dataset.get("datasets")
    if inner is not None and not isinstance(inner, (list, tuple)):
        faults.append(_is(inner, f"{name}.datasets", "list"))
    for index, one in enumerate(inner if isinstance(inner, (list, tuple)) else []):
        faults += _dataset_faults(one, f"{name}.datasets[{index}]")
    return faults


def _model_faults(part: Mapping[str, Any], name: str) -> list[str]:
    """List what in a model, or a part of it, is no dict: a train_cfg, a head, an assigner."""
    faults: list[str] = []
    for key, value in part.items():
        if value is None:
            continue
        many = isinstance(value, (list, tuple)) and key not in ("detector", "train_cfg")
        inner = {f"[{index}]": one for index, one in enumerate(value)} if many else {"": value}
        for place, one in inner.items():
            where = f"{name}.{key}{place}"
            if key == "assigner" and not _is_typed(one):
                faults.append(_is(one, where, "dict with a type"))
            elif isinstance(one, Mapping):
                faults += _model_faults(one, where)
            elif key in ("bbox_head", "detector", "rpn_head", "train_cfg"):
                faults.append(_is(one, where, "dict"))
    return faults


def _typed(steps: Any, name: str) -> list[str]:
    """List what in a list of components is no dict with a type."""
    if not isinstance(steps, (list, tuple)):
        return [_is(steps, name, "list")]
    return [
        _is(step, f"{name}[{index}]", "dict with a type")
        for index, step in enumerate(steps)
        if not _is_typed(step)
    ]


def _is_typed(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("type"), (str, type))


def _are_names(value: Any) -> bool:
    many = value if isinstance(value, (list, tuple)) else [value]
    return all(isinstance(name, str) for name in many)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and value >= 1


def _is(value: Any, name: str, wanted: str) -> str:
    return f"{name} is {short(value)}, not a {wanted}"
