_base_ = "./tridentnet_r50-caffe.py"

model = dict(
    rpn_head=dict(type="AdlaRPNHead"),
    train_cfg=dict(rpn=dict(assigner=dict(_delete_=True, type="AdaptiveDynamicAssigner"))),
)
