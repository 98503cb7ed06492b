_base_ = "./yolov8-n_pafpn_light_sirst-v2.py"

# A stride-4 level with a branch like the others'.
model = dict(
    backbone=dict(out_indices=(1, 2, 3, 4)),
    neck=dict(in_channels=[32, 64, 128, 256]),
    bbox_head=dict(in_channels=[32, 64, 128, 256], strides=[4, 8, 16, 32]),
)
