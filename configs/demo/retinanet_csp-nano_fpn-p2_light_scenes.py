_base_ = [
    "../_base_/models/retinanet_csp-nano_fpn-p2.py",
    "../_base_/datasets/scenes_detection.py",
    "../_base_/schedules/schedule_light.py",
    "../_base_/default_runtime.py",
]

model = dict(bbox_head=dict(num_classes=4))

# The demo draws curves: log often, keep the last checkpoint only.
default_hooks = dict(
    logger=dict(interval=5),
    checkpoint=dict(interval=1, max_keep_ckpts=1),
)
train_cfg = dict(val_interval=7)
randomness = dict(seed=0)
