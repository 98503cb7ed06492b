_base_ = "./detectors_cascade-rcnn_r50_tuned-anchors.py"

model = dict(
    rpn_head=dict(type="AdlaRPNHead"),
    train_cfg=dict(rpn=dict(assigner=dict(_delete_=True, type="AdaptiveDynamicAssigner"))),
)
