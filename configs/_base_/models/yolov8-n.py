# YOLOv8 n as ultralytics 8.2 and 8.3 have it: P3 to P5, from scratch. Its losses times the batch go
# with its schedule (schedule_300e.py): `bbox_head.times_batch`.
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
    backbone=dict(type="C2fDarknet", deepen_factor=0.33, widen_factor=0.25, out_indices=(2, 3, 4)),
    neck=dict(type="TinyPAFPN", in_channels=[64, 128, 256], num_blocks=1),
    bbox_head=dict(type="MSLAHead", in_channels=[64, 128, 256], strides=[8, 16, 32]),
    train_cfg=dict(assigner=dict(type="YOLOv8Assigner", version="8.3")),
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
