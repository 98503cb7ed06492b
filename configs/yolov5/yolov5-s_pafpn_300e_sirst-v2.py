_base_ = "./yolov5-n_pafpn_300e_sirst-v2.py"

model = dict(
    backbone=dict(widen_factor=0.5),
    neck=dict(in_channels=[128, 256, 512]),
    bbox_head=dict(in_channels=[128, 256, 512]),
)
