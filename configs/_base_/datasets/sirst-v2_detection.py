_base_ = "mmdet::_base_/datasets/coco_detection.py"

dataset_type = "SIRSTV2Dataset"
data_root = "data/sirst-v2/"
val_ann_file = "annotations/val_full.json"

# Targets have 5 px at the scale of the sensor: images keep it, in training as fixed crops (two in
# five crops hold a target, about as many as images do), in testing whole. Small images are padded
# with the mean gray.
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="RandomCrop", crop_size=(256, 256), allow_negative_crop=True),
    dict(type="RandomFlip", prob=0.5),
    dict(type="Pad", size=(256, 256), pad_val=dict(img=112)),
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
    batch_size=4,
    batch_sampler=None,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file="annotations/train_full.json",
        data_prefix=dict(img="mixed/"),
        filter_cfg=dict(_delete_=True, filter_empty_gt=False),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=val_ann_file,
        data_prefix=dict(img="mixed/"),
        pipeline=test_pipeline,
    )
)
test_dataloader = val_dataloader

val_evaluator = [
    dict(type="TinyCocoMetric", ann_file=data_root + val_ann_file),
    dict(type="SIRSTMetric", ann_file=data_root + val_ann_file),
]
test_evaluator = val_evaluator
