_base_ = [
    "../_base_/models/retinanet_r18_fpn-p2.py",
    "../_base_/datasets/sirst-v2_detection.py",
    "../_base_/schedules/schedule_3x.py",
    "../_base_/default_runtime.py",
]

model = dict(
    data_preprocessor=dict(mean=[111.89] * 3, std=[27.62] * 3),
    bbox_head=dict(num_classes=1),
)
