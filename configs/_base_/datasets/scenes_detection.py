_base_ = "mmdet::_base_/datasets/coco_detection.py"

# Synthetic scenes of 256 px, written by tools/make_scenes.py; images stay at their own scale.
dataset_type = "TinyCocoDataset"
data_root = "data/scenes/"
metainfo = dict(classes=("vehicle", "ship", "storage-tank", "person"))
val_ann_file = "annotations/val.json"

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
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    batch_sampler=None,
    dataset=dict(
        type=dataset_type,
        metainfo=metainfo,
        data_root=data_root,
        ann_file="annotations/train.json",
        data_prefix=dict(img="images/"),
        filter_cfg=dict(_delete_=True, filter_empty_gt=False),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    num_workers=1,
    dataset=dict(
        type=dataset_type,
        metainfo=metainfo,
        data_root=data_root,
        ann_file=val_ann_file,
        data_prefix=dict(img="images/"),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(_delete_=True, type="TinyCocoMetric", ann_file=data_root + val_ann_file)
test_evaluator = val_evaluator
