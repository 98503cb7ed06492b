_base_ = ["../_base_/models/detectors_cascade-rcnn_r50_rfla.py", "../_base_/levir-ship_1x.py"]

stages = [dict(stage, num_classes=1) for stage in _base_.model.roi_head.bbox_head]
model = dict(roi_head=dict(bbox_head=stages))
