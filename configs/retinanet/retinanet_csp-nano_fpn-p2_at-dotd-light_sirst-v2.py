_base_ = "./retinanet_csp-nano_fpn-p2_light_sirst-v2.py"

# Adaptive thresholds on DotD. It sees centers alone, so there is one prior per point, as for
# RFLA. The calibration takes the scale out: 1 stands for any.
model = dict(
    bbox_head=dict(
        anchor_generator=dict(
            _delete_=True,
            type="ReceptiveFieldGenerator",
            strides=[4, 8, 16],
            backbone=_base_.model.backbone,
        )
    ),
    train_cfg=dict(
        assigner=dict(
            _delete_=True,
            type="AdaptiveDynamicAssigner",
            metric="anchor_iou",
            iou_calculator=dict(type="DotDOverlaps2D", scale=1.0),
            calibration="iou_shift",
            max_positives=16,
            force_match=True,
        )
    ),
)
