_base_ = ["../_base_/models/retinanet_r50_fpn.py", "../_base_/visdrone_1x.py"]

# What lies in an ignored region is no negative.
model = dict(
    bbox_head=dict(num_classes=10),
    train_cfg=dict(assigner=dict(ignore_iof_thr=0.5)),
)
