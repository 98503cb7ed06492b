_base_ = [
    "../_base_/models/fcos_r50_fpn-p7.py",
    "../_base_/datasets/aitod_detection.py",
    "../_base_/schedules/schedule_1x.py",
    "../_base_/default_runtime.py",
]

model = dict(bbox_head=dict(num_classes=8))
