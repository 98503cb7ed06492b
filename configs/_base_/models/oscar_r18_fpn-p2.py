# OSCAR with ResNet-18 (deep stem, from scratch): refines on P2, stride 4, what it finds on P3. Mean
# and deviation are those of SIRST-V2; the NoCo map is padded with 0. `bbox_head.num_classes` has no
# default here.
model = dict(
    type="SingleStageDetector",
    data_preprocessor=dict(
        type="DetDataPreprocessor",
        mean=[111.89] * 3,
        std=[27.62] * 3,
        bgr_to_rgb=True,
        pad_size_divisor=32,
        pad_seg=True,
        seg_pad_value=0,
    ),
    backbone=dict(type="ResNet", depth=18, deep_stem=True, norm_eval=False),
    neck=dict(type="OSCARFPN", in_channels=[64, 128, 256, 512], out_channels=128, num_outs=4),
    bbox_head=dict(type="OSCARHead", in_channels=128, feat_channels=64),
    test_cfg=dict(
        nms_pre=1000,
        min_bbox_size=0,
        score_thr=0.05,
        nms=dict(type="nms", iou_threshold=0.5),
        max_per_img=100,
    ),
)
