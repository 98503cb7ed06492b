# The same with ResNet-18 and a stride-4 level: P2 to P5, anchors of 4 to 51 px.
_base_ = "./retinanet_r50_fpn.py"

model = dict(
    backbone=dict(depth=18, init_cfg=dict(checkpoint="torchvision://resnet18")),
    neck=dict(in_channels=[64, 128, 256, 512], start_level=0, num_outs=4),
    bbox_head=dict(anchor_generator=dict(octave_base_scale=1, strides=[4, 8, 16, 32])),
)
