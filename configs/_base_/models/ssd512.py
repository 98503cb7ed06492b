# SSD with 512 px input as in mmdet, and the test settings of the AI-TOD protocol. Its finest level
# has stride 8 and anchors from 20 px, which is coarse for tiny objects. AdlaSSDHead stands for
# mmdet's SSDHead, which stops at the first image of a test. A config that inherits it sets
# `num_classes`.
_base_ = "mmdet::_base_/models/ssd300.py"

input_size = 512
channels = (512, 1024, 512, 256, 256, 256, 256)
model = dict(
    # The last levels need all of 512 px: an image of 800 x 400 px becomes 512 x 256.
    data_preprocessor=dict(pad_size_divisor=512),
    neck=dict(
        out_channels=channels,
        level_strides=(2, 2, 2, 2, 1),
        level_paddings=(1, 1, 1, 1, 1),
        last_kernel_size=4,
    ),
    bbox_head=dict(
        type="AdlaSSDHead",
        in_channels=channels,
        anchor_generator=dict(
            input_size=input_size,
            basesize_ratio_range=(0.1, 0.9),
            strides=[8, 16, 32, 64, 128, 256, 512],
            ratios=[[2], [2, 3], [2, 3], [2, 3], [2, 3], [2], [2]],
        ),
    ),
    test_cfg=dict(nms_pre=3000, score_thr=0.05, nms=dict(iou_threshold=0.5), max_per_img=3000),
)
