_base_ = "./yolov8-n_pafpn-p2_step3-no-eps-light_sirst-v2.py"

# A point that several objects chose goes to one of them.
model = dict(train_cfg=dict(assigner=dict(contested="choosers")))
