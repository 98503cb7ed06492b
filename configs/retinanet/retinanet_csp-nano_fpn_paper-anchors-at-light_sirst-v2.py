_base_ = "./retinanet_csp-nano_fpn_paper-anchors-light_sirst-v2.py"

model = dict(
    train_cfg=dict(
        assigner=dict(_delete_=True, type="AdaptiveDynamicAssigner", metric="anchor_iou")
    )
)
