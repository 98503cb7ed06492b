_base_ = ["../_base_/models/fcos_r50_fpn-p7.py", "../_base_/aitod_1x.py"]

model = dict(bbox_head=dict(num_classes=8))
