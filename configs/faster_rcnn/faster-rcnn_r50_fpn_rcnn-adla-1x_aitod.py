_base_ = "./faster-rcnn_r50_fpn_1x_aitod.py"

# The method in the second stage: a proposal stands for the anchor, and what the box head makes of
# it for the regressed box. The paper leaves this stage open.
model = dict(
    roi_head=dict(type="AdlaRoIHead"),
    train_cfg=dict(rcnn=dict(assigner=dict(_delete_=True, type="AdaptiveDynamicAssigner"))),
)
