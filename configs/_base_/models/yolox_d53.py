# YOLOX with DarkNet-53: mmdet's neck and head of size l, whose channels fit. A config that inherits
# it sets `num_classes`.
model = dict(
    type="YOLOX",
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
    neck=dict(type="YOLOXPAFPN", in_channels=[256, 512, 1024], out_channels=256, num_csp_blocks=3),
    bbox_head=dict(type="YOLOXHead", in_channels=256, feat_channels=256),
    train_cfg=dict(assigner=dict(type="SimOTAAssigner", center_radius=2.5)),
    test_cfg=dict(score_thr=0.05, nms=dict(type="nms", iou_threshold=0.5)),
)
