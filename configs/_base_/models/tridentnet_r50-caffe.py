# TridentNet as in mmdet: three branches of one C4 backbone, one level of stride 16 with anchors of
# 32 to 512 px, and no FPN. It keeps as many proposals and boxes as the AI-TOD protocol asks for. A
# config that inherits it sets `num_classes`.
_base_ = "mmdet::_base_/models/faster-rcnn_r50-caffe-c4.py"

branches = dict(num_branch=3, test_branch_idx=1)
model = dict(
    type="TridentFasterRCNN",
    backbone=dict(type="TridentResNet", trident_dilations=(1, 2, 3), **branches),
    roi_head=dict(type="TridentRoIHead", **branches),
    train_cfg=dict(
        rpn_proposal=dict(max_per_img=3000),
        rcnn=dict(sampler=dict(num=128, pos_fraction=0.5, add_gt_as_proposals=False)),
    ),
    test_cfg=dict(rpn=dict(max_per_img=3000), rcnn=dict(max_per_img=3000)),
)
