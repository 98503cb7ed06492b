# Dynamic R-CNN: the thresholds and the loss of the second stage follow the proposals.
_base_ = "./faster-rcnn_r50_fpn.py"

rpn_nms = dict(iou_threshold=0.85)
model = dict(
    roi_head=dict(
        type="DynamicRoIHead",
        bbox_head=dict(loss_bbox=dict(_delete_=True, type="SmoothL1Loss", beta=1.0)),
    ),
    train_cfg=dict(
        rpn_proposal=dict(nms=rpn_nms),
        rcnn=dict(
            dynamic_rcnn=dict(
                iou_topk=75,
                beta_topk=10,
                update_iter_interval=100,
                initial_iou=0.4,
                initial_beta=1.0,
            )
        ),
    ),
    test_cfg=dict(rpn=dict(nms=rpn_nms)),
)
