_base_ = [
    "../_base_/models/yolov8-n.py",
    "../_base_/datasets/hit-uav_640-crops.py",
    "../_base_/schedules/schedule_light-24e.py",
    "../_base_/light_runtime.py",
]

# A stride-4 level with a branch like the others'; mean and deviation of the training images.
model = dict(
    data_preprocessor=dict(mean=[129.25] * 3, std=[38.54] * 3),
    backbone=dict(out_indices=(1, 2, 3, 4)),
    neck=dict(in_channels=[32, 64, 128, 256]),
    bbox_head=dict(num_classes=4, in_channels=[32, 64, 128, 256], strides=[4, 8, 16, 32]),
)
train_dataloader = dict(batch_size=8)
optim_wrapper = dict(optimizer=dict(lr=0.0015))
auto_scale_lr = dict(base_batch_size=8)
train_cfg = dict(val_interval=_base_.max_epochs)
# An average of the weights is what is tested.
custom_hooks = [
    *_base_.custom_hooks,
    dict(type="EMAHook", ema_type="ExpMomentumEMA", momentum=0.002, gamma=200, update_buffers=True),
]
default_hooks = dict(checkpoint=dict(interval=1, max_keep_ckpts=1))
