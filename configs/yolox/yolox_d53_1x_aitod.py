_base_ = ["../_base_/models/yolox_d53.py", "../_base_/aitod_1x.py"]

model = dict(bbox_head=dict(num_classes=8))
# mmdet's rate for a batch of 64 images, scaled to 4.
optim_wrapper = dict(optimizer=dict(lr=0.000625, nesterov=True, weight_decay=0.0005))
