_base_ = "./retinanet_csp-nano_fpn-p2_light_scenes.py"

# FSANet's neck and head on strides 4, 8 and 16, with half the ranges of its own.
model = dict(
    type="FCOS",
    neck=dict(
        _delete_=True,
        type="FSANetFPN",
        in_channels=[32, 64, 128],
        out_channels=32,
        norm_cfg=_base_.model.bbox_head.norm_cfg,
    ),
    bbox_head=dict(
        _delete_=True,
        type="FSANetHead",
        num_classes=4,
        in_channels=32,
        feat_channels=32,
        stacked_convs=2,
        strides=[4, 8, 16],
        regress_ranges=((-1, 32), (32, 64), (64, 1e8)),
        norm_cfg=_base_.model.bbox_head.norm_cfg,
    ),
)
