_base_ = ["../_base_/models/faster-rcnn_r50_fpn.py", "../_base_/sen2ships_1x.py"]

# Anchors from 4 px (scales 1 to 8) on every level, as the objects are.
model = dict(
    data_preprocessor=dict(mean=[48.22, 51.22, 46.21], std=[44.36, 37.61, 33.09]),
    rpn_head=dict(anchor_generator=dict(scales=[1, 2, 3, 4, 8])),
    roi_head=dict(bbox_head=dict(num_classes=1)),
)
