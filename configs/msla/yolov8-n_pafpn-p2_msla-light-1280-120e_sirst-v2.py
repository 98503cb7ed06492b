_base_ = [
    "../_base_/models/yolov8-n.py",
    "../_base_/datasets/sirst-v2_letterbox-1280-crops.py",
    "../_base_/schedules/schedule_light-120e.py",
    "../_base_/default_runtime.py",
]

# DotD on P2; S of Eq. 6 at 1280 px.
assigner = dict(type="MSLAAssigner", metrics=["dotd", "ciou", "ciou", "ciou"], scale=26.2)
model = dict(
    data_preprocessor=dict(mean=[111.89] * 3, std=[27.62] * 3),
    backbone=dict(out_indices=(1, 2, 3, 4)),
    neck=dict(in_channels=[32, 64, 128, 256]),
    bbox_head=dict(
        num_classes=1,
        in_channels=[32, 64, 128, 256],
        strides=[4, 8, 16, 32],
        branches=["tiny", "normal", "normal", "normal"],
    ),
    train_cfg=dict(assigner=dict(_delete_=True, **assigner)),
)
custom_hooks = [
    *_base_.custom_hooks,
    dict(type="EMAHook", ema_type="ExpMomentumEMA", momentum=0.002, gamma=200, update_buffers=True),
    dict(
        type="PipelineSwitchHook",
        switch_epoch=_base_.max_epochs - 10,
        switch_pipeline=_base_.last_pipeline,
    ),
]
