_base_ = "./retinanet_r18_fpn-p2_3x_sirst-v2.py"

# Adaptive thresholds alone: they ask for no predictions, the stock head serves.
model = dict(
    train_cfg=dict(
        assigner=dict(_delete_=True, type="AdaptiveDynamicAssigner", metric="anchor_iou")
    )
)
