_base_ = "../yolov8/yolov8-n_pafpn-p2_light-1280-false-alarms_sirst-v2.py"

first_run = "work_dirs/yolov8-n_pafpn-p2_msla-light-1280-120e_sirst-v2"
load_from = first_run + "/epoch_120.pth"
pipeline = _base_.pipeline
pipeline[3]["detections"] = first_run + "/train_full.bbox.json"
train_dataloader = dict(dataset=dict(pipeline=pipeline))

# A tiny branch on P2; DotD there, S of Eq. 6 at 1280 px.
assigner = dict(type="MSLAAssigner", metrics=["dotd", "ciou", "ciou", "ciou"], scale=26.2)
model = dict(
    bbox_head=dict(branches=["tiny", "normal", "normal", "normal"]),
    train_cfg=dict(assigner=dict(_delete_=True, **assigner)),
)
