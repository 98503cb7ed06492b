_base_ = "./retinanet_r50_fpn_1x_aitod.py"

# Anchors of 32 to 203 px: the standard-size row of Table I.
model = dict(bbox_head=dict(anchor_generator=dict(octave_base_scale=4)))
