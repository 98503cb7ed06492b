_base_ = "./detectors_cascade-rcnn_r50.py"

# RFLA in the RPN: effective receptive fields of a plain ResNet-50, of three shapes as in its
# authors' code, in the place of anchors.
model = dict(
    rpn_head=dict(
        anchor_generator=dict(
            _delete_=True,
            type="ReceptiveFieldGenerator",
            strides=[4, 8, 16, 32, 64],
            ratios=[0.5, 1.0, 2.0],
            backbone=dict(type="ResNet", depth=50),
        )
    ),
    train_cfg=dict(rpn=dict(assigner=dict(_delete_=True, type="HierarchicalAssigner"))),
)
