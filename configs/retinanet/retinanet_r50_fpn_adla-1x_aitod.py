_base_ = ["../_base_/models/retinanet_r50_fpn_adla.py", "../_base_/aitod_1x.py"]

model = dict(bbox_head=dict(num_classes=8))
