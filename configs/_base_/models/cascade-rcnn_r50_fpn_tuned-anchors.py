_base_ = "./cascade-rcnn_r50_fpn.py"

# The fair control: the stock assigner with anchors from 4 px (scales 1 to 8) on every level.
model = dict(rpn_head=dict(anchor_generator=dict(scales=[1, 2, 3, 4, 8])))
