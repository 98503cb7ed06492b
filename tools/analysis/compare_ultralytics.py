"""Compare YOLOv8 of adla with ultralytics', which has to be installed: network, positives, losses.

Weights, images, predictions and objects are random. Example, in an environment that has both:
``python tools/analysis/compare_ultralytics.py --batches 120``
"""

import argparse
import logging
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox_xyxy_to_cxcywh
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor

from adla.core.task_aligned.assignment import TaskAlignment
from adla.installed_files import find_root
from adla.models.checkpoints import fit_to_model, read_yolov8

CONFIGS = {
    "yolov8n": "yolov8/yolov8-n_pafpn_300e_sirst-v2.py",
    "yolov8n-p2": "yolov8/yolov8-n_pafpn-p2_300e_sirst-v2.py",
}
SIDE, IMAGES, OBJECTS = 256, 3, 24
LOSSES = ("loss_bbox", "loss_cls", "loss_dfl")


class Pair:
    """One network in both packages, with the same weights."""

    def __init__(self, name: str, num_classes: int) -> None:
        from ultralytics import __version__
        from ultralytics.nn.tasks import DetectionModel
        from ultralytics.utils.loss import v8DetectionLoss

        self.theirs = DetectionModel(f"{name}.yaml", nc=num_classes, verbose=False)
        self.theirs.args = Namespace(box=7.5, cls=0.5, dfl=1.5)
        self.their_loss = v8DetectionLoss(self.theirs)
        self.their_loss.assigner.register_forward_hook(self._keep_theirs)
        config = Config.fromfile(find_root() / "configs" / CONFIGS[name])
        config.model.bbox_head.num_classes = num_classes
        config.model.train_cfg.assigner.version = self.version = __version__
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, f"{name}.pt")
            torch.save(dict(model=self.theirs), file)
            weights = read_yolov8(file)
        config.model.backbone.spp_act = weights.spp_act
        self.ours = MODELS.build(config.model)
        self.ours.load_state_dict(fit_to_model(weights, self.ours)[0])
        assigner = self.ours.bbox_head.assigner
        assigner.assign_batch = self._keep_ours(assigner.assign_batch)

    def _keep_theirs(self, module: object, inputs: object, outputs: tuple) -> None:
        # Points with an overlap of 0 may be in their mask, but count as background.
        self.their_positives = outputs[2].sum(dim=2) > 0

    def _keep_ours(self, assign: Callable) -> Callable:
        def assign_batch(*args: object, **kwargs: object) -> TaskAlignment:
            assigned = assign(*args, **kwargs)
            self.our_positives = (assigned.gt_inds > 0) & (assigned.scores > 0)
            return assigned

        return assign_batch

    def network_difference(self) -> float:
        """Return the largest difference of a head's output, as a share of the largest output."""
        images = torch.rand(IMAGES, 3, SIDE, SIDE)
        theirs = self.theirs.train()(images)
        if isinstance(theirs, dict):
            theirs = torch.cat([theirs["boxes"], theirs["scores"]], dim=1)
        else:
            theirs = flat(theirs)
        classes, boxes = self.ours.train().bbox_head(self.ours.extract_feat(images))
        return difference(torch.cat([flat(boxes), flat(classes)], dim=1), theirs)

    def their_form(self, levels: list[Tensor], channels: list[int]) -> list[Tensor] | dict:
        """Return predictions as the loss of this version takes them."""
        if self.version < "8.4":
            return levels
        boxes, scores = flat(levels).split(channels, dim=1)
        return dict(boxes=boxes, scores=scores, feats=levels)

    def compare_losses(self) -> tuple[int, int, dict[str, float], float]:
        """Compare the losses of random predictions for a batch of random objects.

        Returns:
            The positives of ultralytics; how many positives one of the two has alone; the
            difference of each loss, as a share of it; and the largest of a prediction's gradient,
            as a share of the largest gradient.
        """
        head = self.ours.bbox_head
        channels = [4 * head.bbox_coder.reg_max, head.num_classes]
        sides = [SIDE // stride for stride in head.strides]
        shapes = [(IMAGES, sum(channels), side, side) for side in sides]
        levels = [(2 * torch.randn(shape)).requires_grad_() for shape in shapes]
        objects = [random_objects(head.num_classes) for _ in range(IMAGES)]
        their_loss, their_parts = self.their_loss(
            self.their_form(levels, channels), as_batch(objects)
        )
        if isinstance(their_parts, dict):
            their_parts = their_parts.values()
        their_grads = torch.autograd.grad(their_loss.sum(), levels)

        boxes, classes = zip(*(level.split(channels, dim=1) for level in levels), strict=True)
        metas = [dict(img_shape=(SIDE, SIDE), batch_input_shape=(SIDE, SIDE))] * IMAGES
        losses = head.loss_by_feat(classes, boxes, objects, metas)
        our_grads = torch.autograd.grad(sum(losses.values()), levels)

        alone = int((self.our_positives != self.their_positives).sum())
        apart = {
            name: abs(float(losses[name]) / IMAGES / float(part) - 1)
            for name, part in zip(LOSSES, their_parts, strict=True)
        }
        grads = max(difference(*grads) for grads in zip(our_grads, their_grads, strict=True))
        return int(self.their_positives.sum()), alone, apart, grads


def flat(levels: Sequence[Tensor]) -> Tensor:
    """Join levels (B, C, H, W) to (B, C, P)."""
    return torch.cat([level.flatten(2) for level in levels], dim=2)


def difference(ours: Tensor, theirs: Tensor) -> float:
    """Return the largest difference as a share of the largest value."""
    return float((ours - theirs).abs().max() / theirs.abs().max())


def random_objects(num_classes: int) -> InstanceData:
    """Return objects with sides of 3 to 100 px, at the edge of the image too."""
    sides = 3 * (100 / 3) ** torch.rand(OBJECTS, 2)
    centers = SIDE * torch.rand(OBJECTS, 2)
    boxes = torch.cat([centers - sides / 2, centers + sides / 2], dim=1).clamp(0, SIDE)
    return InstanceData(bboxes=boxes, labels=torch.randint(num_classes, (OBJECTS,)))


def as_batch(objects: list[InstanceData]) -> dict[str, Tensor]:
    """Return objects in the way that ultralytics takes them."""
    boxes = torch.cat([image.bboxes for image in objects]) / SIDE
    return dict(
        batch_idx=torch.arange(IMAGES).repeat_interleave(OBJECTS).float(),
        cls=torch.cat([image.labels for image in objects]).float(),
        bboxes=bbox_xyxy_to_cxcywh(boxes),
    )


def main() -> None:
    """Print one row per network and number of classes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, default=30, help="for each row; default: 30")
    parser.add_argument("--classes", type=int, nargs="+", default=[1, 3], help="default: 1 3")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    try:
        from ultralytics import __version__
    except ImportError as error:
        sys.exit(f"error: ultralytics cannot be imported ({error}): pip install ultralytics")
    logging.getLogger("ultralytics").setLevel(logging.WARNING)
    torch.manual_seed(args.seed)
    init_default_scope("mmdet")
    table = Table(title=f"ultralytics {__version__}: largest difference, as a share")
    counts = ("network", "classes", "outputs", "positives", "in one alone")
    for column in (*counts, *LOSSES, "gradients"):
        table.add_column(column, justify="left" if column == "network" else "right")
    for name in CONFIGS:
        for classes in args.classes:
            try:
                pair = Pair(name, classes)
            except ValueError as error:  # the network of this version is another one
                sys.exit(f"error: {error}")
            outputs = pair.network_difference()
            count = alone = 0
            worst = dict.fromkeys((*LOSSES, "gradients"), 0.0)
            for _ in track(range(args.batches), f"{name}, {classes} classes", transient=True):
                positives, differing, apart, grads = pair.compare_losses()
                count, alone = count + positives, alone + differing
                for part, value in {**apart, "gradients": grads}.items():
                    worst[part] = max(worst[part], value)
            shares = [f"{value:.1e}" for value in worst.values()]
            row = (name, str(classes), f"{outputs:.1e}", f"{count:,}", str(alone), *shares)
            table.add_row(*row)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
