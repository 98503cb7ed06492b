# A light RetinaNet for tiny objects that trains from scratch on a CPU in minutes.
#
# Levels P2, P3, P4 (strides 4, 8, 16) with anchors from 8 px upwards. The backbone stops at stride
# 16, so that no parameter is left without a gradient. `bbox_head.num_classes` has no default here:
# the config that inherits this file sets it.
model = dict(
    type="RetinaNet",
    data_preprocessor=dict(
        type="DetDataPreprocessor",
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=32,
    ),
    backbone=dict(
        type="CSPDarknet",
        # in_channels, out_channels, blocks, shortcut, spatial pyramid pooling
        arch_ovewrite=[
            [64, 128, 3, True, False],
            [128, 256, 9, True, False],
            [256, 512, 9, True, False],
        ],
        deepen_factor=0.33,
        widen_factor=0.25,
        out_indices=(1, 2, 3),
    ),
    neck=dict(type="FPN", in_channels=[32, 64, 128], out_channels=64, num_outs=3),
    bbox_head=dict(
        type="RetinaHead",
        in_channels=64,
        feat_channels=64,
        stacked_convs=2,
        norm_cfg=dict(type="GN", num_groups=16, requires_grad=True),
        anchor_generator=dict(
            type="AnchorGenerator",
            octave_base_scale=2,
            scales_per_octave=3,
            ratios=[0.5, 1.0, 2.0],
            strides=[4, 8, 16],
        ),
        bbox_coder=dict(
            type="DeltaXYWHBBoxCoder",
            target_means=[0.0, 0.0, 0.0, 0.0],
            target_stds=[1.0, 1.0, 1.0, 1.0],
        ),
        loss_cls=dict(type="FocalLoss", use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
        loss_bbox=dict(type="L1Loss", loss_weight=1.0),
    ),
    train_cfg=dict(
        assigner=dict(
            type="MaxIoUAssigner",
            pos_iou_thr=0.5,
            neg_iou_thr=0.4,
            min_pos_iou=0,
            ignore_iof_thr=-1,
        ),
        sampler=dict(type="PseudoSampler"),
        allowed_border=-1,
        pos_weight=-1,
        debug=False,
    ),
    # The AI-TOD protocol: a low score threshold and up to 3000 boxes per image.
    test_cfg=dict(
        nms_pre=3000,
        min_bbox_size=0,
        score_thr=0.05,
        nms=dict(type="nms", iou_threshold=0.5),
        max_per_img=3000,
    ),
)
