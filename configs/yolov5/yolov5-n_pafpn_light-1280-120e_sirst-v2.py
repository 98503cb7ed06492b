_base_ = [
    "../_base_/models/yolov5-n.py",
    "../_base_/datasets/sirst-v2_letterbox-1280-crops.py",
    "../_base_/schedules/schedule_light-120e.py",
    "../_base_/default_runtime.py",
]

# As in the light config at 640 px: the objectness weighs as that of an image, not of a window.
objectness = dict(type="CrossEntropyLoss", use_sigmoid=True, loss_weight=(640 / 256) ** 2)
model = dict(
    data_preprocessor=dict(mean=[111.89] * 3, std=[27.62] * 3),
    bbox_head=dict(num_classes=1, loss_obj=objectness),
)
# An average of the weights is what is tested; mosaic ends ten epochs before the training does.
custom_hooks = [
    *_base_.custom_hooks,
    dict(type="ChannelsLastHook"),
    dict(type="EMAHook", ema_type="ExpMomentumEMA", momentum=0.002, gamma=200, update_buffers=True),
    dict(
        type="PipelineSwitchHook",
        switch_epoch=_base_.max_epochs - 10,
        switch_pipeline=_base_.last_pipeline,
    ),
]
