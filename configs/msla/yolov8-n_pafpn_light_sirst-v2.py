_base_ = "../yolov8/yolov8-n_pafpn_light_sirst-v2.py"

# YOLOv8 without its 1e-9; a point that several objects chose goes to one of them.
assigner = dict(
    type="MSLAAssigner",
    metrics=["ciou"] * 3,
    topk_per_level=False,
    soft_target="ciou",
    force_match=False,
)
model = dict(train_cfg=dict(assigner=dict(_delete_=True, **assigner)))
