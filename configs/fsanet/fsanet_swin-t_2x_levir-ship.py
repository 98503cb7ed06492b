_base_ = [
    "../_base_/models/fsanet_swin-t.py",
    "../_base_/datasets/levir-ship_detection.py",
    "../_base_/schedules/schedule_swin_2x.py",
    "../_base_/default_runtime.py",
]

model = dict(bbox_head=dict(num_classes=1))
