_base_ = ["../_base_/models/mask-rcnn_r50_fpn.py", "../_base_/aitod_1x.py"]

# AI-TOD has no masks: the mask head learns the boxes as rectangles, which tells it nothing new.
# Measured are the boxes. A test makes a mask for each of them all the same; `max_per_img` of
# `model.test_cfg.rcnn` bounds how many.
model = dict(roi_head=dict(bbox_head=dict(num_classes=8), mask_head=dict(num_classes=8)))
train_pipeline = [*_base_.train_pipeline[:-1], dict(type="BoxMasks"), _base_.train_pipeline[-1]]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
