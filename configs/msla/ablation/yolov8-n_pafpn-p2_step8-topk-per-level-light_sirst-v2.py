_base_ = "./yolov8-n_pafpn-p2_step7-iou-target-light_sirst-v2.py"

# Ten candidates on each level. The next step, DotD on P2, is yolov8-n_pafpn-p2_msla-light.
model = dict(train_cfg=dict(assigner=dict(topk_per_level=True)))
