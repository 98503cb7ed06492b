_base_ = "mmdet::_base_/datasets/coco_detection.py"

dataset_type = "AITODDataset"
data_root = "data/aitod/"
test_ann_file = "annotations/aitod_test_v1.json"
image_scale = (800, 800)

train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="Resize", scale=image_scale, keep_ratio=True),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackDetInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=image_scale, keep_ratio=True),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(
        type="PackDetInputs",
        meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor"),
    ),
]
train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file="annotations/aitod_trainval_v1.json",
        data_prefix=dict(img="images/trainval/"),
        filter_cfg=dict(_delete_=True, filter_empty_gt=False),
        pipeline=train_pipeline,
    ),
)
# The field trains on trainval and reports on test; nothing is selected on it, see schedule_1x.
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=test_ann_file,
        data_prefix=dict(img="images/test/"),
        pipeline=test_pipeline,
    )
)
test_dataloader = val_dataloader

val_evaluator = dict(_delete_=True, type="TinyCocoMetric", ann_file=data_root + test_ann_file)
test_evaluator = val_evaluator
