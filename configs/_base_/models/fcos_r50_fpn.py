# FCOS on P3 to P5 with the improvements that its authors added later, and the test settings of the
# AI-TOD protocol. A config that inherits it sets `num_classes`.
_base_ = "./retinanet_r50_fpn.py"

model = dict(
    type="FCOS",
    bbox_head=dict(
        _delete_=True,
        type="FCOSHead",
        in_channels=256,
        stacked_convs=4,
        feat_channels=256,
        strides=[8, 16, 32],
        regress_ranges=((-1, 64), (64, 128), (128, 1e8)),
        norm_on_bbox=True,
        centerness_on_reg=True,
        center_sampling=True,
        loss_bbox=dict(type="DIoULoss", loss_weight=1.0),
    ),
    train_cfg=None,
)
