_base_ = "./yolov8-n_pafpn-p2_step4-choosers-light_sirst-v2.py"

# On P2 the gate of a small object is two strides wide.
model = dict(train_cfg=dict(assigner=dict(gate_stride=[2.0, 0, 0, 0])))
