# ATSS on P3 to P7 with one anchor of 8 strides at each place (64 px on the finest level), as in
# mmdet, and the test settings of the AI-TOD protocol. A config that inherits it sets `num_classes`.
_base_ = "mmdet::_base_/models/retinanet_r50_fpn.py"

model = dict(
    type="ATSS",
    neck=dict(add_extra_convs="on_output"),
    bbox_head=dict(
        type="ATSSHead",
        anchor_generator=dict(ratios=[1.0], octave_base_scale=8, scales_per_octave=1),
        bbox_coder=dict(target_stds=[0.1, 0.1, 0.2, 0.2]),
        loss_bbox=dict(_delete_=True, type="GIoULoss", loss_weight=2.0),
        loss_centerness=dict(type="CrossEntropyLoss", use_sigmoid=True, loss_weight=1.0),
    ),
    train_cfg=dict(assigner=dict(_delete_=True, type="ATSSAssigner", topk=9)),
    test_cfg=dict(nms_pre=3000, max_per_img=3000),
)
