_base_ = "./retinanet_r18_fpn-p2_3x_sirst-v2.py"

# The paper's levels and anchors: P3 to P5, 16 to 102 px. The backbone has its last stage again.
model = dict(
    backbone=dict(num_stages=4, out_indices=(0, 1, 2, 3)),
    neck=dict(in_channels=[64, 128, 256, 512], start_level=1),
    bbox_head=dict(anchor_generator=dict(octave_base_scale=2, strides=[8, 16, 32])),
)
