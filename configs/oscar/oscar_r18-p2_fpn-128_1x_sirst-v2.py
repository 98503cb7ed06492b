_base_ = [
    "../_base_/models/oscar_r18_fpn-p2.py",
    "../_base_/datasets/sirst-v2_detection.py",
    "../_base_/schedules/schedule_oscar_1x.py",
    "../_base_/default_runtime.py",
]

# As published: whole images at 1000 x 600, each three times in an epoch, mixed precision
# (adla train --amp). The authors train on trainval_full and test on test_full.
resize = dict(type="Resize", scale=(1000, 600), keep_ratio=True)
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    resize,
    dict(type="RandomFlip", prob=0.5),
    dict(type="GenerateNoCoMap"),
    dict(type="PackDetInputs"),
]
test_pipeline = _base_.test_pipeline
test_pipeline[1] = resize

model = dict(bbox_head=dict(num_classes=1))
repeated = dict(_base_.train_dataloader.dataset, pipeline=train_pipeline)
train_dataloader = dict(
    dataset=dict(_delete_=True, type="RepeatDataset", times=3, dataset=repeated)
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
