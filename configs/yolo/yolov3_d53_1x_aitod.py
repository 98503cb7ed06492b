_base_ = ["../_base_/models/yolov3_d53.py", "../_base_/aitod_1x.py"]

model = dict(bbox_head=dict(num_classes=8))
# mmdet's rate for a batch of 8 x 8 images, scaled to 4: its losses are sums over the images.
optim_wrapper = dict(optimizer=dict(lr=0.000125, weight_decay=0.0005))
