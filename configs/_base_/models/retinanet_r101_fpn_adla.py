_base_ = "./retinanet_r101_fpn.py"

model = dict(
    bbox_head=dict(type="AdlaRetinaHead"),
    train_cfg=dict(assigner=dict(_delete_=True, type="AdaptiveDynamicAssigner")),
)
