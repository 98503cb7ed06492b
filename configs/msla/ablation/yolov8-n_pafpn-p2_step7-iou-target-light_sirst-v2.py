_base_ = "./yolov8-n_pafpn-p2_step6-force-light_sirst-v2.py"

# The target score is scaled to the IoU, not the CIoU.
model = dict(train_cfg=dict(assigner=dict(soft_target="iou")))
