_base_ = "./retinanet_r18_fpn-p2_3x_sirst-v2.py"

model = dict(
    bbox_head=dict(type="AdlaRetinaHead"),
    train_cfg=dict(assigner=dict(_delete_=True, type="AdaptiveDynamicAssigner")),
)
