_base_ = "./retinanet_csp-nano_fpn-p2_light_hit-uav.py"

# Adaptive thresholds on RFD, of anchors.
model = dict(
    train_cfg=dict(
        assigner=dict(
            _delete_=True,
            type="AdaptiveDynamicAssigner",
            metric="anchor_iou",
            iou_calculator=dict(type="RFDOverlaps2D"),
            calibration="iou_shift",
            max_positives=16,
            force_match=True,
        )
    )
)
