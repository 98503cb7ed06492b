_base_ = ["../_base_/models/cascade-rcnn_r50_fpn_tuned-anchors.py", "../_base_/aitod_1x.py"]

stages = [dict(stage, num_classes=8) for stage in _base_.model.roi_head.bbox_head]
model = dict(roi_head=dict(bbox_head=stages))
