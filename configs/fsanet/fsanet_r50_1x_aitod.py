_base_ = ["../_base_/models/fsanet_r50.py", "../_base_/aitod_1x.py"]

model = dict(bbox_head=dict(num_classes=8))
# Its authors' rate for a batch of 8 images, scaled to 4.
optim_wrapper = dict(optimizer=dict(lr=0.001))
