# Mask R-CNN with the proposal and test settings of the AI-TOD protocol. A config that inherits it
# sets `num_classes` of both heads of the second stage.
_base_ = "mmdet::_base_/models/mask-rcnn_r50_fpn.py"

model = dict(
    train_cfg=dict(rpn_proposal=dict(nms_pre=3000, max_per_img=3000)),
    test_cfg=dict(rpn=dict(nms_pre=3000, max_per_img=3000), rcnn=dict(max_per_img=3000)),
)
