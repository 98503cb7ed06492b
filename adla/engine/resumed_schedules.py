"""What a resumed training does with a schedule that the config has changed since."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mmengine.optim import _ParamScheduler
from mmengine.runner import Runner

from adla.core.adaptive import alpha_at
from adla.models.task_modules import AdaptiveDynamicAssigner

from .assigners import find_assigners

#: Arguments of a scheduler that say where it stands, not what its schedule is.
_STATE = {"self", "optimizer", "last_step", "verbose", "args", "kwargs"}

#: Settings of an optimizer's parameter groups, and what they are called.
_OPTIMIZER_SETTINGS = {
    "lr": "base learning rate",
    "weight_decay": "weight decay",
    "momentum": "momentum",
    "betas": "betas",
    "eps": "eps",
}


def describe_other_schedule(runner: Runner, checkpoint: Mapping[str, Any]) -> str:
    """Say what of the schedule differs from that of the checkpoint to be resumed; '' if nothing.

    mmengine takes the optimizer and the schedulers of the checkpoint, with their rates and ends,
    whatever the config says. What follows the progress, such as ADLA's alpha, takes the new number
    of iterations.

    Args:
        runner: A runner that is about to train, its optimizer and schedulers built.
        checkpoint: What its checkpoint holds.
    """
    parts = [
        *_lengths(runner, checkpoint),
        *_optimizer(runner, checkpoint),
        *_schedulers(runner, checkpoint),
    ]
    if not parts:
        return ""
    return (
        f"the schedule has changed since the checkpoint: {'; '.join(parts)}. To train by the "
        "config's schedule from its beginning, set load_from to the checkpoint and do not resume"
    )


def _lengths(runner: Runner, checkpoint: Mapping[str, Any]) -> Iterator[str]:
    """Yield how the length of the training differs, and what that does to the assigners."""
    info = _mapping(_mapping(checkpoint.get("message_hub")).get("runtime_info"))
    meta = _mapping(checkpoint.get("meta"))
    now = {"max_epochs": runner.max_epochs, "max_iters": runner.max_iters}
    before = {name: info[name] for name in now if isinstance(info.get(name), int)}
    changed = [name for name in before if before[name] != now[name]]
    for name in changed:
        yield f"{name} was {before[name]} and is {now[name]}"
    if "max_iters" in changed and isinstance(meta.get("iter"), int):
        old, new = (min(meta["iter"] / max(n["max_iters"], 1), 1.0) for n in (before, now))
        yield from _jump("the progress", old, new)
        for path, assigner in find_assigners(runner.model).items():
            if isinstance(assigner, AdaptiveDynamicAssigner):
                alphas = [alpha_at(share, assigner.alpha0, assigner.decay) for share in (old, new)]
                yield from _jump(f"alpha of {path}", *alphas)
    if "max_epochs" in changed and isinstance(meta.get("epoch"), int):
        for hook in runner.hooks:
            if hasattr(hook, "epoch_factor"):  # YOLOv8ScheduleHook
                old, new = (
                    hook.epoch_factor(meta["epoch"], n["max_epochs"]) for n in (before, now)
                )
                yield from _jump("the factor of the learning rate", old, new)


def _jump(what: str, old: float, new: float) -> Iterator[str]:
    """Yield that a value jumps, unless it is the same to three digits."""
    before, after = f"{old:.3g}", f"{new:.3g}"
    if before != after:
        yield f"{what} jumps from {before} to {after}"


def _optimizer(runner: Runner, checkpoint: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the optimizer keeps of the checkpoint, each of the first group that has another.

    Without ``optimizer`` in the checkpoint, that of the config holds. A scheduler of our own may
    have changed any but the learning rate since.
    """
    scheduled = any(hasattr(hook, "epoch_factor") for hook in runner.hooks)
    theirs = _groups(checkpoint.get("optimizer"))
    ours = _groups(runner.optim_wrapper.state_dict())
    for setting, name in _OPTIMIZER_SETTINGS.items():
        if scheduled and setting != "lr":
            continue
        for old, new in zip(theirs, ours, strict=False):
            before, now = (_before_schedule(group, setting) for group in (old, new))
            if before and now and before != now:  # another optimizer has other settings
                yield f"the optimizer keeps the {name} {before} (config: {now})"
                break


def _groups(state: Any) -> list[dict[str, Any]]:
    """Return the parameter groups of one optimizer, or of several by name."""
    state = _mapping(state)
    if "param_groups" not in state:
        return [group for name in sorted(state) for group in _groups(state[name])]
    return state["param_groups"]


def _before_schedule(group: dict[str, Any], setting: str) -> str:
    """Return a setting of a group as it was before any scheduler, to six digits; '' for none."""
    value = group.get(f"initial_{setting}", group.get(setting))
    values = value if isinstance(value, (list, tuple)) else [] if value is None else [value]
    return ", ".join(f"{float(one):g}" for one in values)


def _schedulers(runner: Runner, checkpoint: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the schedulers keep of the checkpoint, against the config."""
    ours, theirs = _flat(runner.param_schedulers), _flat(checkpoint.get("param_schedulers"))
    if len(ours) != len(theirs):
        yield f"the config has {len(ours)} param schedulers, the checkpoint {len(theirs)}"
    for scheduler, state in zip(ours, theirs, strict=False):
        kept = [
            f"{name}={_short(state[name])} (config: {_short(value)})"
            for name, value in _settings(scheduler).items()
            if name in state and state[name] != value
        ]
        if kept:
            kind = f"{type(scheduler).__name__} of {scheduler.param_name}"
            yield f"{kind} keeps {', '.join(kept)}"


def _settings(scheduler: _ParamScheduler) -> dict[str, Any]:
    """Return the arguments that a scheduler was made with, and the values that it starts from."""
    names: set[str] = {"base_values"}
    for cls in type(scheduler).__mro__:
        if "__init__" in vars(cls):
            names |= set(inspect.signature(cls.__init__).parameters)  # type: ignore[misc]
    own = vars(scheduler)
    return {name: own[name] for name in sorted(names - _STATE) if name in own}


def _flat(schedulers: Any) -> list[Any]:
    """Return the schedulers, or their states, of one optimizer or of several by name."""
    if isinstance(schedulers, Mapping):
        return [one for name in sorted(schedulers) for one in schedulers[name]]
    return list(schedulers) if isinstance(schedulers, Iterable) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _short(value: Any) -> str:
    """Return a value; of the many of all parameter groups the first."""
    if isinstance(value, list) and value:
        return f"[{value[0]:g}{', ...' if len(value) > 1 else ''}]"
    return repr(dict(value) if isinstance(value, Mapping) else value)
