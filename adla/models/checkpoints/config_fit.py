"""Whether a checkpoint goes with a config: the same weights, the same classes in the same order."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmdet.registry import DATASETS
from mmengine.fileio import list_from_file
from torch import nn

from adla.compat.checkpoints import CheckpointError, read_checkpoint


def load_weights(model: nn.Module, config: Mapping, path: str) -> list[str]:
    """Load a checkpoint that goes with a config into its model.

    Args:
        model: The model of the config.
        config: The whole config.
        path: The checkpoint.

    Returns:
        What there is to know, a line each.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        CheckpointError: If it cannot be read, or does not go with the config.
    """
    checkpoint = read_checkpoint(path)
    weights = weights_of(checkpoint)
    check_weights(model, weights, path, config_name(config))
    notes = check_classes(classes_of(checkpoint), classes_in(config, "test"), path)
    model.load_state_dict(weights)
    return notes


def weights_of(checkpoint: Mapping) -> dict[str, Any]:
    """Return the weights by name, without the ``module.`` of a distributed training."""
    weights = checkpoint.get("state_dict", checkpoint)
    if not isinstance(weights, Mapping):
        return {}
    return {str(name).removeprefix("module."): value for name, value in weights.items()}


def classes_of(checkpoint: Mapping) -> tuple[str, ...] | None:
    """Return the classes a checkpoint was trained for, by label; None where it does not say."""
    meta = checkpoint.get("meta")
    parts = [meta, meta.get("dataset_meta") if isinstance(meta, Mapping) else None]
    found: dict[str, Any] = {}
    for part in parts:  # mmdet 2 wrote CLASSES into the meta itself
        if isinstance(part, Mapping):
            found |= {str(key).lower(): value for key, value in part.items()}
    return _names(found.get("classes"))


def classes_in(config: Mapping, split: str) -> tuple[str, ...] | None:
    """Return the classes of a config's dataset, by label; None where it does not say.

    Args:
        config: The whole config.
        split: ``train``, ``val`` or ``test``.
    """
    dataset = (config.get(f"{split}_dataloader") or {}).get("dataset") or {}
    while inner := dataset.get("dataset") or dataset.get("datasets"):
        dataset = inner if isinstance(inner, Mapping) else inner[0]
    meta = dataset.get("metainfo") or {}
    if "classes" in meta:
        names = meta["classes"]
        is_file = isinstance(names, str) and Path(names).is_file()
        return _names(list_from_file(names) if is_file else names)
    kind = dataset.get("type")
    try:
        kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    except RuntimeError:  # mmengine's answer to a name that is none; building it will say so
        return None
    return _names(getattr(kind, "METAINFO", {}).get("classes"))


def config_name(config: Any) -> str:
    """Return what a message calls a config."""
    return str(getattr(config, "filename", None) or "the config")


def describe_misfit(model: nn.Module, weights: Mapping[str, Any]) -> str:
    """Count how weights differ from those of a model and name the first; '' where they do not.

    Args:
        model: The model.
        weights: What :func:`weights_of` returns.
    """
    expected = {name: value.shape for name, value in model.state_dict().items()}
    shapes = {name: getattr(value, "shape", None) for name, value in weights.items()}
    problems = [
        (expected.keys() - shapes.keys(), "lacks"),
        (shapes.keys() - expected.keys(), "has beyond the config"),
        (
            {k for k in expected.keys() & shapes.keys() if expected[k] != shapes[k]},
            "has in other shapes",
        ),
    ]
    return "; ".join(
        f"it {what} {len(names)} ({min(names)}{', ...' if len(names) > 1 else ''})"
        for names, what in problems
        if names
    )


def count_fitting(model: nn.Module, weights: Mapping[str, Any]) -> int:
    """Return how many weights of a model are there, in its shapes."""
    own = model.state_dict()
    return sum(getattr(weights.get(k), "shape", None) == own[k].shape for k in own)


def check_weights(
    model: nn.Module, weights: Mapping[str, Any], source: object, config: object
) -> list[str]:
    """Check that weights are those of a model: the same names, the same shapes.

    Args:
        model: The model.
        weights: What :func:`weights_of` returns.
        source: What the message calls the checkpoint.
        config: What it calls the config.

    Returns:
        Nothing to know: an empty list.

    Raises:
        CheckpointError: If they are not; it counts the differences and names the first ones.
    """
    misfit = describe_misfit(model, weights)
    if misfit:
        raise CheckpointError(
            f"{source} does not fit {config}, whose model has {len(model.state_dict())} weights: "
            f"{misfit}. Take the config it was trained with"
        )
    return []


def check_classes(
    theirs: tuple[str, ...] | None, ours: tuple[str, ...] | None, source: object
) -> list[str]:
    """Check that no class has one label in a checkpoint and another in a config.

    Args:
        theirs: Classes of the checkpoint, by label; None where it does not say.
        ours: Those of the config, likewise.
        source: What the message calls the checkpoint.

    Returns:
        A line where labels have other names.

    Raises:
        CheckpointError: If a class that both have has two labels.
    """
    if theirs is None or ours is None or theirs == ours:
        return []
    for name in theirs:
        if name in ours and ours.index(name) != theirs.index(name):
            raise CheckpointError(
                f"{source} was trained with other labels than those of the config: {name!r} is "
                f"{theirs.index(name)} there and {ours.index(name)} here. Give the config's "
                f"dataset the order of the checkpoint, metainfo=dict(classes={theirs!r})"
            )
    return [
        f"{source} was trained for {', '.join(theirs)}; the config calls these labels "
        f"{', '.join(ours)}"
    ]


def _names(value: Any) -> tuple[str, ...] | None:
    """Return class names; None for what is none."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, (list, tuple)) or not all(isinstance(name, str) for name in value):
        return None
    return tuple(value)
