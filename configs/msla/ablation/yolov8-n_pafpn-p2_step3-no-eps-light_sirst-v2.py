_base_ = "./yolov8-n_pafpn-p2_step2-tiny-light_sirst-v2.py"

# YOLOv8's assignment, but the target score is divided by the largest metric without its 1e-9.
assigner = dict(
    type="MSLAAssigner",
    metrics=["ciou"] * 4,
    topk_per_level=False,
    soft_target="ciou",
    force_match=False,
    contested="all",
)
model = dict(train_cfg=dict(assigner=dict(_delete_=True, **assigner)))
