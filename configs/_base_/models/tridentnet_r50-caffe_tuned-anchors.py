_base_ = "./tridentnet_r50-caffe.py"

# The fair control: the stock assigner with anchors of 8 to 128 px on the one level of stride 16.
model = dict(rpn_head=dict(anchor_generator=dict(scales=[0.5, 1, 2, 4, 8])))
