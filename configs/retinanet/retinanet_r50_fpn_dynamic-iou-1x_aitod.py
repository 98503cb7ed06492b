_base_ = "./retinanet_r50_fpn_1x_aitod.py"

# Dynamic IoU alone: the baseline's thresholds, and its best anchor for each ground truth.
model = dict(
    bbox_head=dict(type="AdlaRetinaHead"),
    train_cfg=dict(
        assigner=dict(
            _delete_=True,
            type="AdaptiveDynamicAssigner",
            adaptive_threshold=False,
            force_match=True,
        )
    ),
)
