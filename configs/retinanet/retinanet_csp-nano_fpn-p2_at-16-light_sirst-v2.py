_base_ = "./retinanet_csp-nano_fpn-p2_at-light_sirst-v2.py"

# At most 16 positives per object.
model = dict(train_cfg=dict(assigner=dict(max_positives=16)))
