# YOLOv8 with P2, a tiny branch and an assignment without its 1e-9.
_base_ = "./ablation/yolov8-n_pafpn-p2_step4-choosers-light_sirst-v2.py"
