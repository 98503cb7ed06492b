_base_ = "mmdet::_base_/datasets/coco_detection.py"

# Tiles of 256 px, split by harbor: adla convert sen2ships. They are few, so an
# epoch passes over them ten times.
dataset_type = "Sen2ShipsDataset"
data_root = "data/sen2ships/"
val_ann_file = "val.json"

train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="RandomFlip", prob=0.75, direction=["horizontal", "vertical", "diagonal"]),
    dict(type="PackDetInputs"),
]
# Resize changes nothing; it writes the scale_factor that testing asks for.
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale_factor=1.0),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(
        type="PackDetInputs",
        meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor"),
    ),
]
train_dataset = dict(
    type=dataset_type,
    data_root=data_root,
    ann_file="train.json",
    data_prefix=dict(img=""),
    filter_cfg=dict(filter_empty_gt=False),
    pipeline=train_pipeline,
)
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    batch_sampler=None,
    dataset=dict(_delete_=True, type="RepeatDataset", times=10, dataset=train_dataset),
)
val_dataloader = dict(
    num_workers=1,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=val_ann_file,
        data_prefix=dict(img=""),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(_delete_=True, type="TinyCocoMetric", ann_file=data_root + val_ann_file)
test_evaluator = val_evaluator
