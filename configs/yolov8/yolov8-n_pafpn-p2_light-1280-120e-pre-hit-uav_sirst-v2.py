# Starts from the weights of hit-uav-n, which come along; its tiny branch on P2 has no place here.
_base_ = "./yolov8-n_pafpn-p2_light-1280-120e_sirst-v2.py"

load_from = "adla://hit-uav-n"
