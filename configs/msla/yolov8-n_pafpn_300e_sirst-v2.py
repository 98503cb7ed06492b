# Now in configs/yolov8; here for configs that inherit from it.
_base_ = "../yolov8/yolov8-n_pafpn_300e_sirst-v2.py"
