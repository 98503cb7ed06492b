_base_ = "./faster-rcnn_r50_fpn_1x_aitod.py"

# Adaptive thresholds in the second stage, where a proposal stands for the anchor: an object whose
# best proposal overlaps it by 0.3 learns from it, which a threshold of 0.5 forbids. IoU_max is that
# of the proposals; the ground truths that the sampler adds to them count no more than before.
model = dict(
    train_cfg=dict(
        rcnn=dict(assigner=dict(_delete_=True, type="AdaptiveDynamicAssigner", metric="anchor_iou"))
    )
)
