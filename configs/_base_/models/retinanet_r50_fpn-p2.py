# With a stride-4 level: P2 to P5, anchors of 6 to 76 px, for objects from 6 px on.
_base_ = "./retinanet_r50_fpn.py"

model = dict(
    neck=dict(start_level=0, num_outs=4),
    bbox_head=dict(anchor_generator=dict(octave_base_scale=1.5, strides=[4, 8, 16, 32])),
)
