"""One loss of MSLAHead, in this process or, as a script under torchrun, in each of several."""

import os
import sys

import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData

import adla.models  # noqa: F401  registers the components

STRIDES = [4, 8, 16]
HEAD = dict(
    type="MSLAHead",
    num_classes=4,
    strides=STRIDES,
    branches=["tiny", "normal", "normal"],
    train_cfg=dict(
        assigner=dict(type="MSLAAssigner", metrics=["dotd", "ciou", "ciou"], scale=12.0)
    ),
)
META = dict(batch_input_shape=(64, 64), img_shape=(64, 64))


def losses(num_objects: int) -> dict[str, torch.Tensor]:
    """Return the losses of one image with up to four objects, the same in every process."""
    torch.manual_seed(0)
    head = MODELS.build(dict(HEAD, in_channels=8))
    head.init_weights()
    levels = [torch.randn(1, 8, 64 // stride, 64 // stride) for stride in STRIDES]
    boxes = torch.tensor([[5.0, 6, 12, 14], [30, 30, 50, 44], [40, 2, 50, 20], [4, 40, 24, 60]])[
        :num_objects
    ]
    gts = InstanceData(bboxes=boxes, labels=torch.zeros(num_objects, dtype=torch.long))
    result = head.loss_by_feat(*head(levels), [gts], [META])
    sum(result.values()).backward()
    return {name: value.detach() for name, value in result.items()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo")
    rank = os.environ["RANK"]
    torch.save(losses(4 if rank == "0" else 0), sys.argv[1] + rank)
    torch.distributed.destroy_process_group()
