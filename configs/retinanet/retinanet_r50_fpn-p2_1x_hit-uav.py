_base_ = ["../_base_/models/retinanet_r50_fpn-p2.py", "../_base_/hit-uav_1x.py"]

model = dict(
    data_preprocessor=dict(mean=[129.25] * 3, std=[38.54] * 3),
    bbox_head=dict(num_classes=4),
)
