_base_ = ["../_base_/models/retinanet_r50_fpn-p2.py", "../_base_/sen2ships_1x.py"]

model = dict(
    data_preprocessor=dict(mean=[48.22, 51.22, 46.21], std=[44.36, 37.61, 33.09]),
    bbox_head=dict(num_classes=1),
)
