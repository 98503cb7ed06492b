_base_ = "./retinanet_csp-nano_fpn-p2_light_hit-uav.py"

# Adaptive thresholds alone: they ask for no predictions, the stock head serves.
model = dict(
    train_cfg=dict(
        assigner=dict(_delete_=True, type="AdaptiveDynamicAssigner", metric="anchor_iou")
    )
)
