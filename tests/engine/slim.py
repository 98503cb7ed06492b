"""The shipped detectors, narrow and with few proposals, so that a CPU trains them in seconds."""

from pathlib import Path

from mmengine.config import Config, ConfigDict

from adla.datasets.synthetic import CLASSES

CONFIGS = Path(__file__).parents[2] / "configs"


def slim_model(config: str) -> ConfigDict:
    """Return the model of a config for the scenes, to be trained from scratch on 64 to 96 px."""
    model = Config.fromfile(CONFIGS / config).model
    model.backbone.init_cfg = None
    if model.backbone.type == "TridentResNet":  # its own layer has no weights to start from
        model.backbone.init_cfg = [
            dict(type="Kaiming", layer="Conv2d"),
            dict(type="Constant", val=1, layer="_BatchNorm"),
            dict(type="Constant", val=0, layer="TridentConv"),
        ]
    if model.backbone.type == "SSDVGG":
        return _three_levels(model)
    model.backbone.update(frozen_stages=-1, norm_eval=False)
    if "neck" in model:
        _narrow(model)
    if "roi_head" in model:
        _few_proposals(model)
    else:
        model.bbox_head.update(num_classes=len(CLASSES), stacked_convs=1)
    return model


def _narrow(model: ConfigDict) -> None:
    """Give a ResNet with a pyramid, and what follows it, a quarter of the channels."""
    model.backbone.base_channels = 64  # the default, to be quartered with the others
    if "rfp_backbone" in model.neck:
        model.neck.rfp_backbone.update(model.backbone, output_img=False)
    _quarter_channels(model)


def _quarter_channels(cfg: ConfigDict) -> None:
    for key, value in cfg.items():
        if key.endswith(("channels", "inplanes")):
            many = isinstance(value, list)
            cfg[key] = [channels // 4 for channels in value] if many else value // 4
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                _quarter_channels(part)


def _few_proposals(model: ConfigDict) -> None:
    """Take few and small proposals in the second stage."""
    model.train_cfg.rpn_proposal.max_per_img = model.test_cfg.rpn.max_per_img = 30
    model.test_cfg.rcnn.score_thr = 0.0
    rcnn, heads = model.train_cfg.rcnn, model.roi_head.bbox_head
    for stage in rcnn if isinstance(rcnn, list) else [rcnn]:
        stage.sampler.update(num=16, add_gt_as_proposals=True)
    for head in heads if isinstance(heads, list) else [heads]:
        head.num_classes = len(CLASSES)
        if "fc_out_channels" in head:
            head.fc_out_channels = 64
        else:  # C4: the last stage of the backbone sees 2 x 2 cells of a proposal, not 14 x 14
            rcnn.sampler.num = 8
            model.roi_head.bbox_roi_extractor.roi_layer.output_size = 2
            model.backbone.norm_cfg = model.roi_head.shared_head.norm_cfg = dict(type="BN")
            model.roi_head.shared_head.update(init_cfg=None, norm_eval=False)
            head.roi_feat_size = 1
    if "mask_head" in model.roi_head:
        model.roi_head.mask_head.update(num_classes=len(CLASSES), num_convs=1)


def _three_levels(model: ConfigDict) -> ConfigDict:
    """Keep the levels of stride 8, 16 and 32 of SSD, with small anchors."""
    channels = (512, 1024, 512)
    model.data_preprocessor.pad_size_divisor = 32  # only the levels that go need 512 px
    model.neck.update(
        out_channels=channels, level_strides=(2,), level_paddings=(1,), last_kernel_size=3
    )
    model.bbox_head.update(num_classes=len(CLASSES), in_channels=channels)
    model.bbox_head.anchor_generator = dict(
        type="SSDAnchorGenerator",
        scale_major=False,
        strides=[8, 16, 32],
        ratios=[[2], [2, 3], [2]],
        min_sizes=[8, 16, 32],
        max_sizes=[16, 32, 64],
    )
    return model
