_base_ = "./retinanet_csp-nano_fpn-p2_light_hit-uav.py"

# One effective receptive field per point, 9 to 93 px, in the place of nine anchors.
model = dict(
    bbox_head=dict(
        anchor_generator=dict(
            _delete_=True,
            type="ReceptiveFieldGenerator",
            strides=[4, 8, 16],
            backbone=_base_.model.backbone,
        )
    ),
    train_cfg=dict(assigner=dict(_delete_=True, type="HierarchicalAssigner")),
)
