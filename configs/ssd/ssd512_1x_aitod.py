_base_ = ["../_base_/models/ssd512.py", "../_base_/aitod_1x.py"]

model = dict(bbox_head=dict(num_classes=8))
# Four times mmdet's own rate per image (0.002 for 64), as it is for RetinaNet: a VGG without batch
# norms does not stand 0.01. No random crops and colors, as nowhere here.
optim_wrapper = dict(optimizer=dict(lr=5e-4, weight_decay=5e-4))

# 800 x 800 px become 512 x 512: an object of the mean size has 8.2 px in place of 12.8.
resize = dict(type="Resize", scale=(512, 512), keep_ratio=True)
train_pipeline = [resize if step.type == "Resize" else step for step in _base_.train_pipeline]
test_pipeline = [resize if step.type == "Resize" else step for step in _base_.test_pipeline]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
