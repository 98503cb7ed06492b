_base_ = "../../yolov8/yolov8-n_pafpn-p2_light_sirst-v2.py"

# A tiny branch on P2.
model = dict(bbox_head=dict(branches=["tiny", "normal", "normal", "normal"]))
