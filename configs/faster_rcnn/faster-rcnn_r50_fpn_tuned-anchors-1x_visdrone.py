_base_ = ["../_base_/models/faster-rcnn_r50_fpn.py", "../_base_/visdrone_1x.py"]

# Anchors from 4 px (scales 1 to 8) on every level; what lies in an ignored region is no negative.
model = dict(
    rpn_head=dict(anchor_generator=dict(scales=[1, 2, 3, 4, 8])),
    roi_head=dict(bbox_head=dict(num_classes=10)),
    train_cfg=dict(
        rpn=dict(assigner=dict(ignore_iof_thr=0.5)),
        rcnn=dict(assigner=dict(ignore_iof_thr=0.5)),
    ),
)
