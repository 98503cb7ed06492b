# Cascade R-CNN with the proposal and test settings of the AI-TOD protocol. A config that inherits
# it sets `num_classes` of the three stages. mmdet leaves out anchors that cross the border here and
# keeps them in Faster R-CNN; with an `allowed_border` of -1 they stay, as everywhere.
_base_ = "mmdet::_base_/models/cascade-rcnn_r50_fpn.py"

model = dict(
    train_cfg=dict(rpn=dict(allowed_border=-1), rpn_proposal=dict(nms_pre=3000, max_per_img=3000)),
    test_cfg=dict(rpn=dict(nms_pre=3000, max_per_img=3000), rcnn=dict(max_per_img=3000)),
)
