# RepPoints on P3 to P7 with boxes from moments, as mmdet has it, and the test settings of the
# AI-TOD protocol. A config that inherits it sets `num_classes`.
_base_ = "mmdet::_base_/models/retinanet_r50_fpn.py"

shared = dict(allowed_border=-1, pos_weight=-1, debug=False)
model = dict(
    type="RepPointsDetector",
    bbox_head=dict(
        _delete_=True,
        type="RepPointsHead",
        in_channels=256,
        feat_channels=256,
        stacked_convs=3,
        loss_bbox_init=dict(type="SmoothL1Loss", beta=0.11, loss_weight=0.5),
        loss_bbox_refine=dict(type="SmoothL1Loss", beta=0.11, loss_weight=1.0),
    ),
    train_cfg=dict(
        _delete_=True,
        init=dict(assigner=dict(type="PointAssigner", scale=4, pos_num=1), **shared),
        refine=dict(
            assigner=dict(
                type="MaxIoUAssigner",
                pos_iou_thr=0.5,
                neg_iou_thr=0.4,
                min_pos_iou=0,
                ignore_iof_thr=-1,
            ),
            **shared,
        ),
    ),
    test_cfg=dict(nms_pre=3000, max_per_img=3000),
)
