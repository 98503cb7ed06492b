# AutoAssign: its authors' head, on P3 to P7 of the backbone of all others, and the test settings of
# the AI-TOD protocol. A config that inherits it sets `num_classes`.
_base_ = "mmdet::_base_/models/retinanet_r50_fpn.py"

model = dict(
    type="AutoAssign",
    neck=dict(add_extra_convs=True, relu_before_extra_convs=True),
    bbox_head=dict(
        _delete_=True,
        type="AutoAssignHead",
        in_channels=256,
        stacked_convs=4,
        feat_channels=256,
        strides=[8, 16, 32, 64, 128],
        loss_bbox=dict(type="GIoULoss", loss_weight=5.0),
    ),
    train_cfg=None,
    test_cfg=dict(nms_pre=3000, max_per_img=3000),
)
