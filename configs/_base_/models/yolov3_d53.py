# YOLOv3 as mmdet has it, and the test settings of the AI-TOD protocol. A config that inherits it
# sets `num_classes`.
entropy = dict(type="CrossEntropyLoss", use_sigmoid=True, reduction="sum")
model = dict(
    type="YOLOV3",
    data_preprocessor=dict(
        type="DetDataPreprocessor",
        mean=[0.0, 0.0, 0.0],
        std=[255.0, 255.0, 255.0],
        bgr_to_rgb=True,
        pad_size_divisor=32,
    ),
    backbone=dict(
        type="Darknet",
        depth=53,
        out_indices=(3, 4, 5),
        init_cfg=dict(type="Pretrained", checkpoint="open-mmlab://darknet53"),
    ),
    neck=dict(
        type="YOLOV3Neck",
        num_scales=3,
        in_channels=[1024, 512, 256],
        out_channels=[512, 256, 128],
    ),
    bbox_head=dict(
        type="YOLOV3Head",
        in_channels=[512, 256, 128],
        loss_cls=dict(**entropy, loss_weight=1.0),
        loss_conf=dict(**entropy, loss_weight=1.0),
        loss_xy=dict(**entropy, loss_weight=2.0),
        loss_wh=dict(type="MSELoss", reduction="sum", loss_weight=2.0),
    ),
    train_cfg=dict(
        assigner=dict(type="GridAssigner", pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0)
    ),
    test_cfg=dict(
        nms_pre=3000,
        min_bbox_size=0,
        score_thr=0.05,
        conf_thr=0.005,
        nms=dict(type="nms", iou_threshold=0.5),
        max_per_img=3000,
    ),
)
