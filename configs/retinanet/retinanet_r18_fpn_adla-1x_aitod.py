_base_ = "./retinanet_r18_fpn_1x_aitod.py"

model = dict(
    bbox_head=dict(type="AdlaRetinaHead"),
    train_cfg=dict(assigner=dict(_delete_=True, type="AdaptiveDynamicAssigner")),
)
