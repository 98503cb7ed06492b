_base_ = "./retinanet_csp-nano_fpn-p2_adla-light_hit-uav.py"

# At most 16 positives per object: the dynamic IoU brings more than that.
model = dict(train_cfg=dict(assigner=dict(max_positives=16)))
