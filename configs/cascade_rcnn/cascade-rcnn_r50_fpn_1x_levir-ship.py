_base_ = [
    "../_base_/models/cascade-rcnn_r50_fpn.py",
    "../_base_/datasets/levir-ship_detection.py",
    "../_base_/schedules/schedule_1x.py",
    "../_base_/default_runtime.py",
]

stages = [dict(stage, num_classes=1) for stage in _base_.model.roi_head.bbox_head]
model = dict(roi_head=dict(bbox_head=stages))
