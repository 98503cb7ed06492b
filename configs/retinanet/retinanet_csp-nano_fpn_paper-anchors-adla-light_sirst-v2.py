_base_ = "./retinanet_csp-nano_fpn_paper-anchors-light_sirst-v2.py"

model = dict(
    bbox_head=dict(type="AdlaRetinaHead"),
    train_cfg=dict(assigner=dict(_delete_=True, type="AdaptiveDynamicAssigner")),
)
