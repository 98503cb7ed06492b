# The same with ResNet-18 and a stride-4 level: P2 to P4, anchors of 4 to 25 px. The backbone stops
# at stride 16, so that no parameter is left without a gradient.
_base_ = "./retinanet_r50_fpn.py"

model = dict(
    backbone=dict(
        depth=18,
        num_stages=3,
        out_indices=(0, 1, 2),
        init_cfg=dict(checkpoint="torchvision://resnet18"),
    ),
    neck=dict(in_channels=[64, 128, 256], start_level=0),
    bbox_head=dict(anchor_generator=dict(octave_base_scale=1, strides=[4, 8, 16])),
)
