_base_ = ["../_base_/models/fcos_r50_fpn-p7.py", "../_base_/levir-ship_1x.py"]

model = dict(bbox_head=dict(num_classes=1))
