_base_ = [
    "../_base_/models/yolov5-n.py",
    "../_base_/datasets/sirst-v2_yolov8.py",
    "../_base_/schedules/schedule_300e.py",
    "../_base_/default_runtime.py",
]

model = dict(bbox_head=dict(num_classes=1, times_batch=True))
# The rates of every iteration; an average of the weights is tested; mosaic ends ten epochs before
# the training does.
custom_hooks = [
    *_base_.custom_hooks,
    dict(type="YOLOv8ScheduleHook"),
    dict(type="UpdateEMAHook"),
    dict(
        type="PipelineSwitchHook",
        switch_epoch=_base_.max_epochs - 10,
        switch_pipeline=_base_.last_pipeline,
    ),
]
