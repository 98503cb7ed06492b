_base_ = "../yolov8/yolov8-s_pafpn-p2_light-1280-120e_sirst-v2.py"

# A tiny branch on P2; DotD there, S of Eq. 6 at 1280 px.
assigner = dict(type="MSLAAssigner", metrics=["dotd", "ciou", "ciou", "ciou"], scale=26.2)
model = dict(
    bbox_head=dict(branches=["tiny", "normal", "normal", "normal"]),
    train_cfg=dict(assigner=dict(_delete_=True, **assigner)),
)
