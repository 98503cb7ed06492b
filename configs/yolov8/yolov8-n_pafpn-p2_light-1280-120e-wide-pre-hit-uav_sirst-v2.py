# Scales of .5 to 1.5, as YOLOv8 has them, in the place of .8 to 1.25.
_base_ = "./yolov8-n_pafpn-p2_light-1280-120e-pre-hit-uav_sirst-v2.py"

train_pipeline = _base_.train_pipeline
train_pipeline[2]["ratio_range"] = (0.5, 1.5)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
custom_hooks = _base_.custom_hooks
custom_hooks[-1]["switch_pipeline"][2]["ratio_range"] = (0.5, 1.5)
