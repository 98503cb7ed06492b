_base_ = "./yolov8-n_pafpn-p2_step5-gate-light_sirst-v2.py"

# An object without a positive takes the nearest point.
model = dict(train_cfg=dict(assigner=dict(force_match=True)))
