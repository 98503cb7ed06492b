_base_ = "./retinanet_r101_fpn_1x_levir-ship.py"

model = dict(
    bbox_head=dict(type="AdlaRetinaHead"),
    train_cfg=dict(assigner=dict(_delete_=True, type="AdaptiveDynamicAssigner")),
)
