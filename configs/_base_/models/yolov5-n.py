# YOLOv5 n of v7.0 from scratch, with the anchors of COCO; `adla check` says whether they fit. Its
# losses times the batch go with its schedule (schedule_300e.py): `bbox_head.times_batch`.
# `bbox_head.num_classes` has no default here: the config that inherits this file sets it.
model = dict(
    type="SingleStageDetector",
    data_preprocessor=dict(
        type="DetDataPreprocessor",
        mean=[0.0, 0.0, 0.0],
        std=[255.0, 255.0, 255.0],
        bgr_to_rgb=True,
        pad_size_divisor=32,
    ),
    backbone=dict(type="YOLOv5Darknet", deepen_factor=0.33, widen_factor=0.25),
    neck=dict(type="YOLOv5PAFPN", in_channels=[64, 128, 256]),
    bbox_head=dict(type="YOLOv5Head", in_channels=[64, 128, 256], strides=[8, 16, 32]),
    # The AI-TOD protocol: up to 3000 boxes per image. A low threshold, as scores of a young
    # network are low; the NMS threshold is mmdet's usual one.
    test_cfg=dict(
        nms_pre=3000,
        min_bbox_size=0,
        score_thr=0.01,
        nms=dict(type="nms", iou_threshold=0.5),
        max_per_img=3000,
    ),
)
