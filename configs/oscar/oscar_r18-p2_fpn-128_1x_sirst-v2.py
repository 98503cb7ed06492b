_base_ = [
    "../_base_/models/oscar_r18_fpn-p2.py",
    "../_base_/datasets/sirst-v2_oscar.py",
    "../_base_/schedules/schedule_oscar_1x.py",
    "../_base_/default_runtime.py",
]

# As published; in mixed precision (adla train --amp).
model = dict(bbox_head=dict(num_classes=1, open_border=True))
