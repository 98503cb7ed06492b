"""Time MSLA-YOLOv8 n and s against YOLOv8, and against the head and assigner of RTMDet."""

import argparse

import torch
from detector_speed import measure_speed
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from mmengine.logging import MMLogger
from rich.console import Console
from rich.table import Table

import adla  # noqa: F401  registers the components
from adla.config_file import load_config

CONFIGS = {
    "YOLOv8": "configs/yolov8/yolov8-{}_pafpn_300e_sirst-v2.py",
    "YOLOv8 with P2": "configs/yolov8/yolov8-{}_pafpn-p2_300e_sirst-v2.py",
    "MSLA-YOLOv8": "configs/msla/yolov8-{}_pafpn-p2_msla-300e_sirst-v2.py",
}
RTMDET_CHANNELS = 64  # as wide as the box towers of the MSLA head


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", choices=["n", "s"], default=["n", "s"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[512, 640], help="px")
    parser.add_argument("--batch", type=int, default=4, help="images of a training step")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2, help="of torch on the CPU")
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


def with_rtmdet_head(model: ConfigDict) -> ConfigDict:
    """Return the model with the head that RTMDet has, on the same levels."""
    model = model.copy()
    model.neck = dict(model.neck, out_channels=RTMDET_CHANNELS)
    strides = model.bbox_head.strides
    model.bbox_head = dict(
        type="RTMDetSepBNHead",
        num_classes=model.bbox_head.num_classes,
        in_channels=RTMDET_CHANNELS,
        feat_channels=RTMDET_CHANNELS,
        stacked_convs=2,
        with_objectness=False,
        norm_cfg=dict(type="BN"),
        act_cfg=dict(type="SiLU", inplace=True),
        anchor_generator=dict(type="MlvlPointGenerator", offset=0, strides=strides),
        bbox_coder=dict(type="DistancePointBBoxCoder"),
        loss_cls=dict(type="QualityFocalLoss", use_sigmoid=True, beta=2.0, loss_weight=1.0),
        loss_bbox=dict(type="GIoULoss", loss_weight=2.0),
    )
    model.train_cfg = dict(
        assigner=dict(type="DynamicSoftLabelAssigner", topk=13),
        allowed_border=-1,
        pos_weight=-1,
        debug=False,
    )
    return model


def main() -> None:
    """Print one row for each network, head and image size."""
    args = parse_args()
    torch.set_num_threads(args.threads)
    MMLogger.get_instance("benchmark", log_level="WARNING")  # init_weights reports every layer
    table = Table(title=f"{args.device}, {args.threads} threads, batches of {args.batch} images")
    columns = ("size", "px", "training, images/s", "assigner's share", "testing, images/s")
    table.add_column("detector")
    for column in columns:
        table.add_column(column, justify="right")
    for scale in args.models:
        models = {name: load_config(path.format(scale)).model for name, path in CONFIGS.items()}
        models["with RTMDet's head"] = with_rtmdet_head(models["MSLA-YOLOv8"])
        for size in args.sizes:
            for name, cfg in models.items():
                torch.manual_seed(0)
                detector = MODELS.build(cfg).to(args.device)
                detector.init_weights()
                speed = measure_speed(detector, size, args.batch, args.repeats)
                table.add_row(
                    name,
                    scale,
                    str(size),
                    f"{speed.images_per_second:.2f}",
                    f"{speed.assigner_share:.1%}",
                    f"{1 / speed.latency:.2f}",
                )
    Console().print(table)


if __name__ == "__main__":
    main()
