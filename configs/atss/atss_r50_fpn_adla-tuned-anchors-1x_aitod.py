_base_ = ["../_base_/models/atss_r50_fpn_adla-tuned-anchors.py", "../_base_/aitod_1x.py"]

model = dict(bbox_head=dict(num_classes=8))
