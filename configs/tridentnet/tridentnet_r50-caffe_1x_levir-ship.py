_base_ = [
    "../_base_/models/tridentnet_r50-caffe.py",
    "../_base_/datasets/levir-ship_detection.py",
    "../_base_/schedules/schedule_1x.py",
    "../_base_/default_runtime.py",
]

model = dict(roi_head=dict(bbox_head=dict(num_classes=1)))
