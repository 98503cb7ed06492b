_base_ = "./atss_r50_fpn.py"

# Anchors of 2 strides, from 16 px. The stock assigner hardly minds the size of an anchor, while
# adaptive thresholds find nothing in 64 px for an object under 20 px (an IoU of 0.1).
model = dict(bbox_head=dict(anchor_generator=dict(octave_base_scale=2)))
