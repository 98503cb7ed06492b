"""Objects as the network gets them: scaled by the pipeline, met by the priors."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy import ndarray

from .anchor_proposal import AnchorProposal, propose_anchors
from .annotations import Records
from .matching import Matching, assigner_memory, match
from .object_sizes import Sizes, box_sizes, measure_sizes
from .pipeline_geometry import network_geometry
from .priors import Priors, config_priors
from .shape_anchors import ShapeAnchors, propose_shape_anchors


@dataclass
class Eyes:
    """What of a config decides how it sees: its priors, and to what it pads.

    Attributes:
        priors: The anchors or points of the head; None where it has none.
        size_divisor: To a multiple of which the data preprocessor pads.
        note: Why there are no priors.
    """

    priors: Priors | None = None
    size_divisor: int = 1
    note: str | None = None


@dataclass
class View:
    """M objects in network pixels.

    Attributes:
        object_sizes: Shape (M,), sqrt(w * h).
        sizes: Their summary.
        input: Largest width and height that the network gets.
        most_objects: The most in one input.
        num_priors: How many priors lie on it; None without priors, as what follows.
        memory: Gigabytes (1e9 bytes) in which a dense assigner holds all pairs.
        matching: What the priors see.
        anchors: Anchors that fit; None for heads with points, and without objects.
        notes: What is random or was not followed.
    """

    object_sizes: ndarray
    sizes: Sizes
    input: tuple[int, int]
    most_objects: int = 0
    num_priors: int | None = None
    memory: float | None = None
    matching: Matching | None = None
    anchors: AnchorProposal | ShapeAnchors | None = None
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return all but the single objects, for json."""
        content = asdict(self)
        del content["object_sizes"]
        return content


def eyes_of(model: dict | None) -> Eyes:
    """Return what of a detector's config decides how it sees."""
    if not model:
        return Eyes(note="the config has no model: nothing to match objects with")
    divisor = (model.get("data_preprocessor") or {}).get("pad_size_divisor", 1)
    try:
        priors = config_priors(model)
    except Exception as error:  # whatever stands where a component or its arguments should
        reason = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        return Eyes(None, divisor, f"nothing to match objects with: {reason}")
    note = None if priors else "the head has no anchors or points: nothing to match objects with"
    return Eyes(priors, divisor, note)


def network_view(
    records: Records, chosen: ndarray, pipeline: Sequence[dict], eyes: Eyes
) -> View | None:
    """Send the chosen objects through a pipeline.

    Args:
        records: Images and annotations.
        chosen: Shape (M,), the annotations that are objects.
        pipeline: Configs of the transforms.
        eyes: What meets them.

    Returns:
        The view, or None where there is no image.

    Raises:
        ValueError: If a transform cannot be built, or an argument of the head is none.
    """
    if not records.image_ids:
        return None
    geometry = network_geometry(pipeline, records.image_sizes, eyes.size_divisor)
    image = records.ann_images[chosen]
    boxes = records.boxes[chosen] * np.tile(geometry.scales[image], 2)
    width, height = geometry.inputs.max(axis=0).astype(int).tolist()
    view = View(box_sizes(boxes), measure_sizes(boxes), (width, height), notes=geometry.notes)
    view.most_objects = int(np.bincount(image, minlength=1).max()) * geometry.images_per_input
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
    try:
        _meet_priors(view, corners, geometry.canvases[image], eyes)
    except (TypeError, ValueError, ArithmeticError) as error:  # arguments that are no numbers
        raise ValueError(
            "strides, anchors or assigner of the model's head are not what they must be: "
            f"{type(error).__name__}: {error}"
        ) from error
    return view


def _meet_priors(view: View, corners: ndarray, canvases: ndarray, eyes: Eyes) -> None:
    """Say in a view how objects (M, 4), xyxy, on canvases (M, 2) meet the priors."""
    if eyes.priors is not None and eyes.priors.ratio_thr:
        view.anchors = propose_shape_anchors(corners, eyes.priors)
    elif eyes.priors is None or eyes.priors.has_anchors:
        view.anchors = propose_anchors(corners, canvases, eyes.priors)
    if eyes.priors is not None:
        width, height = view.input
        view.num_priors = int(eyes.priors.count(np.array([[width, height]]))[0])
        view.memory = assigner_memory(view.num_priors, view.most_objects)
        view.matching = match(corners, canvases, eyes.priors)
    elif eyes.note:
        view.notes.append(eyes.note)
