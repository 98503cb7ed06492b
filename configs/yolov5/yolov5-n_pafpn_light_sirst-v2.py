_base_ = [
    "../_base_/models/yolov5-n.py",
    "../_base_/datasets/sirst-v2_letterbox-crops.py",
    "../_base_/schedules/schedule_light-long.py",
    "../_base_/default_runtime.py",
]

# v7.0 scales the objectness by the area of the input; windows of 256 px show one target where an
# image of 640 px does, so they get its weight.
objectness = dict(type="CrossEntropyLoss", use_sigmoid=True, loss_weight=(640 / 256) ** 2)
model = dict(
    data_preprocessor=dict(mean=[111.89] * 3, std=[27.62] * 3),
    bbox_head=dict(num_classes=1, loss_obj=objectness),
)
# An average of the weights is what is tested; mosaic ends five epochs before the training does.
custom_hooks = [
    *_base_.custom_hooks,
    dict(type="EMAHook", ema_type="ExpMomentumEMA", momentum=0.002, gamma=200, update_buffers=True),
    dict(
        type="PipelineSwitchHook",
        switch_epoch=_base_.max_epochs - 5,
        switch_pipeline=_base_.last_pipeline,
    ),
]
