"""Weights of ultralytics' YOLOv8 detectors under the names of this project."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from .inert_pickle import Inert, read_inert

# Layers of ultralytics' model that hold weights, with ours; the detection layer comes last.
BACKBONE = {
    0: "backbone.stem",
    **{2 * i + 1: f"backbone.stages.{i}.0" for i in range(4)},
    **{2 * i + 2: f"backbone.stages.{i}.1" for i in range(4)},
    9: "backbone.stages.3.2",
}
NECKS = {
    22: {  # P3 to P5
        12: "neck.top_down.1",
        15: "neck.top_down.0",
        16: "neck.downsamples.0",
        18: "neck.bottom_up.0",
        19: "neck.downsamples.1",
        21: "neck.bottom_up.1",
    },
    28: {  # P2 to P5
        12: "neck.top_down.2",
        15: "neck.top_down.1",
        18: "neck.top_down.0",
        19: "neck.downsamples.0",
        21: "neck.bottom_up.0",
        22: "neck.downsamples.1",
        24: "neck.bottom_up.1",
        25: "neck.downsamples.2",
        27: "neck.bottom_up.2",
    },
}
TOWERS = {"cv2": "reg", "cv3": "cls"}
CONVS = r"(?:conv\.weight|bn\.\w+)"
# What is inside a layer: a convolution alone, a C2f block, the pooling, the detection layer.
PARTS = [
    (rf"({CONVS})", r"\1"),
    (rf"m\.(\d+)\.cv([12])\.({CONVS})", r"blocks.\1.conv\2.\3"),
    (rf"cv1\.({CONVS})", r"split_conv.\1"),
    (rf"cv2\.({CONVS})", r"final_conv.\1"),
]
POOLING = [(rf"cv([12])\.({CONVS})", r"conv\1.\2")]
NOT_LEARNED = "dfl.conv.weight"  # 0 to 15, the bins themselves
BN_EPS = 1e-3
PYRAMID_ACT = "model.9.cv1.act"


@dataclass(frozen=True)
class YOLOv8Weights:
    """Weights under the names of ``C2fDarknet``, ``TinyPAFPN`` and ``MSLAHead``.

    Attributes:
        state_dict: Tensors by name, in fp32.
        num_classes: Classes of the detector.
        num_levels: 3 (P3 to P5) or 4 (P2 to P5).
        spp_act: Whether the first convolution of the pyramid has an activation.
    """

    state_dict: dict[str, Tensor]
    num_classes: int
    num_levels: int
    spp_act: bool


def read_yolov8(path: str | Path) -> YOLOv8Weights:
    """Read a YOLOv8 detector that ultralytics has written, such as ``yolov8n.pt``.

    Nothing in the file is run, see :func:`read_inert`; ultralytics need not be installed. Of a
    training's checkpoint it takes the average of the weights, if there is one.

    Raises:
        ValueError: If the file is no checkpoint, or holds another architecture.
    """
    checkpoint = read_inert(path)
    model = checkpoint if not isinstance(checkpoint, dict) else _model_of(checkpoint, path)
    modules = _modules_of(model)
    weights = _tensors_of(modules)
    layers = [int(name.split(".")[1]) for name in weights if re.match(r"model\.\d+\.", name)]
    last = max(layers, default=-1)
    if last not in NECKS:
        raise ValueError(
            f"{path} is no YOLOv8 detector: its last layer has the number {last}, where YOLOv8 has "
            "22 (P3 to P5) or 28 (P2 to P5)"
        )
    state_dict = {}
    for name, tensor in weights.items():
        ours = _renamed(name, last)
        if ours is None:
            raise ValueError(f"{path} is no YOLOv8 detector: {_why_unknown(name, last)}")
        if ours:
            state_dict[ours] = tensor.float() if tensor.is_floating_point() else tensor
    num_levels = {22: 3, 28: 4}[last]
    _check_whole(state_dict, last, num_levels, path)
    _check_layers(modules, path)
    num_classes = len(state_dict["bbox_head.branches.0.cls_conv.weight"])
    spp_act = type(modules.get(PYRAMID_ACT)).__name__ != "Identity"
    return YOLOv8Weights(state_dict, num_classes, num_levels, spp_act)


def _why_unknown(name: str, last: int) -> str:
    if re.match(rf"model\.{last}\.cv3\.\d\.[01]\.[01]\.", name):
        return (
            "its class branches are those of YOLO11, as ultralytics 8.3.0 to 8.3.16 build them for "
            f"YOLOv8 too ({name!r}); train it with another version"
        )
    return (
        f"YOLOv8 has no {name!r} (other versions of YOLO, and networks for masks, poses or "
        "classes, do not fit)"
    )


def _check_layers(modules: dict[str, Inert], path: str | Path) -> None:
    """Refuse what YOLOv8's layers do not do, which their weights do not show."""
    for name, module in modules.items():
        kind, eps = type(module).__name__, module.state.get("eps", BN_EPS)
        without = name == PYRAMID_ACT and kind == "Identity"
        if name.endswith(".act") and kind != "SiLU" and not without:
            raise ValueError(f"{path} is no YOLOv8 detector: {name!r} is {kind}, not SiLU")
        if not isinstance(eps, float) or eps != BN_EPS:
            raise ValueError(
                f"{path} is no YOLOv8 detector: {name!r} has an eps of {eps}, not {BN_EPS}"
            )


def _check_whole(
    state_dict: dict[str, Tensor], last: int, num_levels: int, path: str | Path
) -> None:
    """Refuse a file in which a layer has no weights."""
    wanted = [f"{ours}." for ours in (*BACKBONE.values(), *NECKS[last].values())]
    wanted += [f"bbox_head.branches.{i}.cls_conv.weight" for i in range(num_levels)]
    for part in wanted:
        if not any(name.startswith(part) for name in state_dict):
            raise ValueError(f"{path} is no whole YOLOv8 detector: it has nothing for {part!r}")


def _model_of(checkpoint: dict, path: str | Path) -> Any:
    model = checkpoint.get("ema") or checkpoint.get("model")
    if not isinstance(model, Inert):
        keys = ", ".join(map(repr, list(checkpoint)[:5])) or "nothing"
        raise ValueError(
            f"{path} is no checkpoint of ultralytics: no network is pickled under 'ema' or "
            f"'model'; it has {keys}"
        )
    return model


def _modules_of(module: Any, name: str = "") -> dict[str, Inert]:
    """Return a module and all inside it by name, as ``named_modules`` would."""
    if not isinstance(module, Inert) or not isinstance(module.state, dict):
        return {}
    found = {name: module}
    for child, inner in (module.state.get("_modules") or {}).items():
        found.update(_modules_of(inner, f"{name}.{child}" if name else child))
    return found


def _tensors_of(modules: dict[str, Inert]) -> dict[str, Tensor]:
    """Return parameters and buffers by name, as ``state_dict`` would."""
    found = {}
    for name, module in modules.items():
        for kind in ("_parameters", "_buffers"):
            for own, tensor in (module.state.get(kind) or {}).items():
                if isinstance(tensor, Tensor):
                    found[f"{name}.{own}" if name else own] = tensor
    return found


def _renamed(name: str, last: int) -> str | None:
    """Return our name; '' for what is not learned, None for what YOLOv8 has not."""
    match = re.fullmatch(r"model\.(\d+)\.(.+)", name)
    if not match:
        return None
    layer, part = int(match[1]), match[2]
    if layer == last:
        return _in_head(part)
    ours = {**BACKBONE, **NECKS[last]}.get(layer)
    if ours is None:
        return None
    for pattern, new in POOLING if layer == 9 else PARTS:
        if re.fullmatch(pattern, part):
            return f"{ours}.{re.sub(pattern, new, part)}"
    return None


def _in_head(part: str) -> str | None:
    if part == NOT_LEARNED:
        return ""
    match = re.fullmatch(rf"(cv[23])\.(\d)\.(?:([01])\.({CONVS})|2\.(weight|bias))", part)
    if not match:
        return None
    kind, level, number, conv, last = match.groups()
    inner = f"tower.{number}.{conv}" if conv else f"conv.{last}"
    return f"bbox_head.branches.{level}.{TOWERS[kind]}_{inner}"
