_base_ = ["../_base_/models/centernet_r18.py", "../_base_/levir-ship_1x.py"]

model = dict(bbox_head=dict(num_classes=1))
val_dataloader = dict(dataset=dict(pipeline=_base_.centernet_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.centernet_pipeline))
# mmdet's rate for a batch of 128 images, scaled to 4.
optim_wrapper = dict(optimizer=dict(lr=0.000625))
