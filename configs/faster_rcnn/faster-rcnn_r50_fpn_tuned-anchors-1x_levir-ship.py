_base_ = ["../_base_/models/faster-rcnn_r50_fpn_tuned-anchors.py", "../_base_/levir-ship_1x.py"]

model = dict(roi_head=dict(bbox_head=dict(num_classes=1)))
