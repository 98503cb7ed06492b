_base_ = "./yolov8-n_pafpn-p2_light-1280-120e_sirst-v2.py"

model = dict(
    backbone=dict(widen_factor=0.5),
    neck=dict(in_channels=[64, 128, 256, 512]),
    bbox_head=dict(in_channels=[64, 128, 256, 512]),
)
