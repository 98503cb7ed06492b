_base_ = ["../_base_/models/ssd512.py", "../_base_/levir-ship_1x.py"]

model = dict(bbox_head=dict(num_classes=1))
# Four times mmdet's own rate per image (0.002 for 64), as it is for RetinaNet: a VGG without batch
# norms does not stand 0.01. No random crops and colors, as nowhere here.
optim_wrapper = dict(optimizer=dict(lr=5e-4, weight_decay=5e-4))
