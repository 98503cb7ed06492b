_base_ = "../yolov8/yolov8-n_pafpn-p2_light-640_hit-uav.py"

# A tiny branch on P2; DotD there, S of Eq. 6 at 640 px.
assigner = dict(type="MSLAAssigner", metrics=["dotd", "ciou", "ciou", "ciou"], scale=36.7)
model = dict(
    bbox_head=dict(branches=["tiny", "normal", "normal", "normal"]),
    train_cfg=dict(assigner=dict(_delete_=True, **assigner)),
)
