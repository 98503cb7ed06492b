_base_ = [
    "../_base_/models/retinanet_csp-nano_fpn-p2.py",
    "../_base_/datasets/scenes_detection.py",
    "../_base_/schedules/schedule_light.py",
    "../_base_/default_runtime.py",
]

# 240 small steps instead of a few large ones, and half the channels: minutes on two cores.
model = dict(
    neck=dict(out_channels=32),
    bbox_head=dict(num_classes=4, in_channels=32, feat_channels=32),
)
train_dataloader = dict(batch_size=8)
train_cfg = dict(max_epochs=8, val_interval=4)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.01, by_epoch=False, begin=0, end=40),
    dict(type="CosineAnnealingLR", end=8, eta_min_ratio=0.02, convert_to_iter_based=True),
]
custom_hooks = [
    dict(type="AssignProgressHook"),
    dict(type="AssignStatsHook", interval=10),
    dict(type="MetricTableHook"),
]
# Curves need points; one checkpoint is enough to resume from.
default_hooks = dict(logger=dict(interval=5), checkpoint=dict(interval=1, max_keep_ckpts=1))
randomness = dict(seed=0)
