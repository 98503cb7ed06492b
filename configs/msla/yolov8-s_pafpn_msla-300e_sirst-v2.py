_base_ = "../yolov8/yolov8-s_pafpn_300e_sirst-v2.py"

# DotD on P3, the finest level there is; S of Eq. 6 at 640 px.
assigner = dict(type="MSLAAssigner", metrics=["dotd", "ciou", "ciou"], scale=13.1)
model = dict(train_cfg=dict(assigner=dict(_delete_=True, **assigner)))
