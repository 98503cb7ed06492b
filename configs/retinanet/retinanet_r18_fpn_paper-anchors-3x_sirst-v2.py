_base_ = "./retinanet_r18_fpn-p2_3x_sirst-v2.py"

# The paper's levels and anchors: P3 to P5, 16 to 102 px.
model = dict(
    neck=dict(start_level=1, num_outs=3),
    bbox_head=dict(anchor_generator=dict(octave_base_scale=2, strides=[8, 16, 32])),
)
