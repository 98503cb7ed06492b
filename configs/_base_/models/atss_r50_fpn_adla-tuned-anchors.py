_base_ = "./atss_r50_fpn_tuned-anchors.py"

model = dict(
    bbox_head=dict(type="AdlaATSSHead"),
    train_cfg=dict(assigner=dict(_delete_=True, type="AdaptiveDynamicAssigner")),
)
