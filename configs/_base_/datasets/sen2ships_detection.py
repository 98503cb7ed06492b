_base_ = "mmdet::_base_/datasets/coco_detection.py"

# Tiles of 256 px, split by harbor: adla convert sen2ships. They are few, so an
# epoch passes over them ten times, at other scales and in other light each time.
dataset_type = "Sen2ShipsDataset"
data_root = "data/sen2ships/"
val_ann_file = "val.json"
crop_size = (256, 256)
gray = 50

train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="RandomResize", scale=crop_size, ratio_range=(0.8, 1.25), keep_ratio=True),
    dict(type="RandomCrop", crop_size=crop_size, allow_negative_crop=True),
    dict(type="HSVGain", hue=0.015, saturation=0.7, value=0.4),
    dict(type="RandomFlip", prob=0.75, direction=["horizontal", "vertical", "diagonal"]),
    dict(type="FilterAnnotations", min_gt_bbox_wh=(1, 1), keep_empty=False),
    dict(type="Pad", size=crop_size, pad_val=dict(img=gray)),
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
