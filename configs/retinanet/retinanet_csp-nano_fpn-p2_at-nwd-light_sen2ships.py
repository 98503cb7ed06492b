_base_ = "./retinanet_csp-nano_fpn-p2_light_sen2ships.py"

# Adaptive thresholds on NWD. The calibration takes the constant out: 1 stands for any.
model = dict(
    train_cfg=dict(
        assigner=dict(
            _delete_=True,
            type="AdaptiveDynamicAssigner",
            metric="anchor_iou",
            iou_calculator=dict(type="NWDOverlaps2D", constant=1.0),
            calibration="iou_shift",
            max_positives=16,
            force_match=True,
        )
    )
)
