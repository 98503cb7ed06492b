_base_ = "./retinanet_r50_fpn_1x_levir-ship.py"

# Anchors of 32 to 203 px, the standard size.
model = dict(bbox_head=dict(anchor_generator=dict(octave_base_scale=4)))
