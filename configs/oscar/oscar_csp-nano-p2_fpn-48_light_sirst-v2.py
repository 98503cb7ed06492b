_base_ = [
    "../_base_/models/oscar_csp-nano_fpn-p2.py",
    "../_base_/datasets/sirst-v2_noco.py",
    "../_base_/schedules/schedule_light.py",
    "../_base_/default_runtime.py",
]

model = dict(
    data_preprocessor=dict(mean=[111.89] * 3, std=[27.62] * 3),
    bbox_head=dict(num_classes=1),
)
train_dataloader = dict(batch_size=16)
