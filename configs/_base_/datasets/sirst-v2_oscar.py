# SIRST-V2 as OSCAR trains: trainval_full to test_full, whole images at 1000 x 600, each three
# times in an epoch. Boxes of the NoCo map are cut to whole pixels as the authors' program does.
_base_ = "./sirst-v2_detection.py"

test_ann_file = "annotations/test_full.json"
resize = dict(type="Resize", scale=(1000, 600), keep_ratio=True)
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    resize,
    dict(type="RandomFlip", prob=0.5),
    dict(type="GenerateNoCoMap", rounding="toward_zero"),
    dict(type="PackDetInputs"),
]
test_pipeline = _base_.test_pipeline
test_pipeline[1] = resize

repeated = dict(_base_.train_dataloader.dataset, pipeline=train_pipeline)
repeated["ann_file"] = "annotations/trainval_full.json"
train_dataloader = dict(
    dataset=dict(_delete_=True, type="RepeatDataset", times=3, dataset=repeated)
)
val_dataloader = dict(dataset=dict(ann_file=test_ann_file, pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = [
    dict(type="TinyCocoMetric", ann_file="data/sirst-v2/" + test_ann_file),
    dict(type="SIRSTMetric", ann_file="data/sirst-v2/" + test_ann_file),
]
test_evaluator = val_evaluator
