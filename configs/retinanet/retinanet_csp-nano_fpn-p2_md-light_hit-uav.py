_base_ = "./retinanet_csp-nano_fpn-p2_light_hit-uav.py"

# DAL's own rule: the matching degree, fixed thresholds, the best anchor of each object forced.
model = dict(
    bbox_head=dict(type="AdlaRetinaHead"),
    train_cfg=dict(
        assigner=dict(
            _delete_=True,
            type="AdaptiveDynamicAssigner",
            metric="matching_degree",
            alpha0=0.3,
            gamma=5.0,
            decay=(0.1, 0.3),
            adaptive_threshold=False,
            pos_iou_thr=0.6,
            neg_iou_thr=0.5,
            force_match=True,
        )
    ),
)
