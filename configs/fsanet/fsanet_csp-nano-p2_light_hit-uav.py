_base_ = [
    "../retinanet/retinanet_csp-nano_fpn-p2_light_hit-uav.py",
    "../_base_/models/fsanet_csp-nano-p2.py",
]

model = dict(
    type="FCOS",
    neck=_base_.fsanet_neck,
    bbox_head=dict(**_base_.fsanet_head, num_classes=4),
)
