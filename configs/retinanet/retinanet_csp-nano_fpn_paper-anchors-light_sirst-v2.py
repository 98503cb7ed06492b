_base_ = "./retinanet_csp-nano_fpn-p2_light_sirst-v2.py"

# The paper's levels and anchors: P3 to P5, 16 to 102 px. The backbone has its last stage again.
model = dict(
    backbone=dict(arch_ovewrite=None, out_indices=(2, 3, 4)),
    neck=dict(in_channels=[64, 128, 256]),
    bbox_head=dict(anchor_generator=dict(octave_base_scale=2, strides=[8, 16, 32])),
)
