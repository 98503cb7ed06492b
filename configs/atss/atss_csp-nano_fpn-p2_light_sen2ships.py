_base_ = "../retinanet/retinanet_csp-nano_fpn-p2_light_sen2ships.py"

# mmdet's ATSS: its losses and its assigner on one anchor per point, of 16, 32 and 64 px.
model = dict(
    type="ATSS",
    bbox_head=dict(
        type="ATSSHead",
        anchor_generator=dict(ratios=[1.0], octave_base_scale=4, scales_per_octave=1),
        bbox_coder=dict(target_stds=[0.1, 0.1, 0.2, 0.2]),
        loss_bbox=dict(_delete_=True, type="GIoULoss", loss_weight=2.0),
        loss_centerness=dict(type="CrossEntropyLoss", use_sigmoid=True, loss_weight=1.0),
    ),
    train_cfg=dict(assigner=dict(_delete_=True, type="ATSSAssigner", topk=9)),
)
