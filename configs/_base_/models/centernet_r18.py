# CenterNet as mmdet has it, without deformable convolutions: one map of stride 4, and up to 3000
# peaks per image. A config that inherits it sets `num_classes` and tests with `centernet_pipeline`.
model = dict(
    type="CenterNet",
    data_preprocessor=dict(
        type="DetDataPreprocessor",
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(
        type="ResNet",
        depth=18,
        norm_eval=False,
        norm_cfg=dict(type="BN"),
        init_cfg=dict(type="Pretrained", checkpoint="torchvision://resnet18"),
    ),
    neck=dict(
        type="CTResNetNeck",
        in_channels=512,
        num_deconv_filters=(256, 128, 64),
        num_deconv_kernels=(4, 4, 4),
        use_dcn=False,
    ),
    bbox_head=dict(type="CenterNetHead", in_channels=64, feat_channels=64),
    train_cfg=None,
    test_cfg=dict(topk=3000, local_maximum_kernel=3, max_per_img=3000),
)
# The head subtracts the border by which this pads an image to a multiple of 32.
centernet_pipeline = [
    dict(type="LoadImageFromFile", to_float32=True),
    dict(
        type="RandomCenterCropPad",
        ratios=None,
        border=None,
        mean=[0, 0, 0],
        std=[1, 1, 1],
        to_rgb=True,
        test_mode=True,
        test_pad_mode=["logical_or", 31],
        test_pad_add_pix=1,
    ),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(
        type="PackDetInputs", meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "border")
    ),
]
