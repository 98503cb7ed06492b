_base_ = ["../_base_/models/retinanet_r18_fpn.py", "../_base_/levir-ship_1x.py"]

model = dict(bbox_head=dict(num_classes=1))
