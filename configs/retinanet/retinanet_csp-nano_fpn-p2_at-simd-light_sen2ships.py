_base_ = "./retinanet_csp-nano_fpn-p2_light_sen2ships.py"

# Adaptive thresholds on SimD. The calibration leaves the ratio of m and n, and m = n sees x and y
# alike.
model = dict(
    train_cfg=dict(
        assigner=dict(
            _delete_=True,
            type="AdaptiveDynamicAssigner",
            metric="anchor_iou",
            iou_calculator=dict(type="SimDOverlaps2D", m=1.0, n=1.0),
            calibration="iou_shift",
            max_positives=16,
            force_match=True,
        )
    )
)
