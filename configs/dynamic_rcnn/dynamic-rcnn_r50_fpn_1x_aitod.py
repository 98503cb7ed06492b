_base_ = [
    "../_base_/models/dynamic-rcnn_r50_fpn.py",
    "../_base_/datasets/aitod_detection.py",
    "../_base_/schedules/schedule_1x.py",
    "../_base_/default_runtime.py",
]

model = dict(roi_head=dict(bbox_head=dict(num_classes=8)))
