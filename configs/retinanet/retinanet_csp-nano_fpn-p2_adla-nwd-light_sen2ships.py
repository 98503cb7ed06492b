_base_ = "./retinanet_csp-nano_fpn-p2_at-nwd-light_sen2ships.py"

model = dict(
    bbox_head=dict(type="AdlaRetinaHead"),
    train_cfg=dict(assigner=dict(metric="dynamic_iou")),
)
