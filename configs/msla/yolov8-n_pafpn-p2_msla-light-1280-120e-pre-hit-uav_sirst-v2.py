# Starts from the weights of hit-uav-n, which come along.
_base_ = "./yolov8-n_pafpn-p2_msla-light-1280-120e_sirst-v2.py"

load_from = "adla://hit-uav-n"
# Labels around masks lie on whole pixels, and so do the boxes.
model = dict(test_cfg=dict(box_grid=1))
