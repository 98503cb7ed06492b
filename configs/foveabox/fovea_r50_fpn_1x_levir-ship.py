_base_ = ["../_base_/models/fovea_r50_fpn.py", "../_base_/levir-ship_1x.py"]

model = dict(bbox_head=dict(num_classes=1))
