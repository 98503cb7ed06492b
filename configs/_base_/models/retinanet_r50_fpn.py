# RetinaNet as the paper has it: P3 to P5 alone, anchors of half the usual side (16 to 102 px), and
# the test settings of the AI-TOD protocol. A config that inherits it sets `num_classes`.
_base_ = "mmdet::_base_/models/retinanet_r50_fpn.py"

model = dict(
    neck=dict(add_extra_convs=False, num_outs=3),
    bbox_head=dict(anchor_generator=dict(octave_base_scale=2, strides=[8, 16, 32])),
    test_cfg=dict(nms_pre=3000, max_per_img=3000),
)
