_base_ = "./faster-rcnn_r50_fpn.py"

model = dict(
    rpn_head=dict(type="AdlaRPNHead"),
    train_cfg=dict(rpn=dict(assigner=dict(_delete_=True, type="AdaptiveDynamicAssigner"))),
)
