_base_ = "./retinanet_r50_fpn_1x_aitod.py"

# Adaptive thresholds alone: they ask for no predictions, the stock head serves.
model = dict(
    train_cfg=dict(
        assigner=dict(_delete_=True, type="AdaptiveDynamicAssigner", metric="anchor_iou")
    )
)
