_base_ = ["../_base_/models/atss_r50_fpn_tuned-anchors.py", "../_base_/levir-ship_1x.py"]

model = dict(bbox_head=dict(num_classes=1))
