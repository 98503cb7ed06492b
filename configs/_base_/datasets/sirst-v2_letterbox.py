# SIRST-V2 letterboxed to 640 px, with mosaic and mixup, trained on trainval_full and measured on
# test_full. Neither mixing shrinks an image (tools/analysis/pipeline_losses.py).
_base_ = "./sirst-v2_detection.py"

image_scale = (640, 640)
gray = 112
test_ann_file = "annotations/test_full.json"

load_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="Resize", scale=image_scale, keep_ratio=True),
]
pack_pipeline = [
    dict(type="RandomFlip", prob=0.5),
    dict(type="FilterAnnotations", min_gt_bbox_wh=(1, 1), keep_empty=False),
    dict(type="Pad", size=image_scale, pad_val=dict(img=gray)),
    dict(type="PackDetInputs"),
]
mixup = dict(type="CachedMixUp", img_scale=image_scale, ratio_range=(1.0, 1.0), pad_val=gray)
train_pipeline = [
    *load_pipeline,
    dict(type="CachedMosaic", img_scale=image_scale, pad_val=gray),
    dict(type="RandomCrop", crop_size=image_scale, allow_negative_crop=True),
    dict(**mixup, prob=0.15),
    *pack_pipeline,
]
# The last epochs see images as they are.
last_pipeline = [*load_pipeline, *pack_pipeline]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=image_scale, keep_ratio=True),
    dict(type="Pad", size=image_scale, pad_val=dict(img=gray)),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(
        type="PackDetInputs",
        meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor"),
    ),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=8,
    dataset=dict(ann_file="annotations/trainval_full.json", pipeline=train_pipeline),
)
val_dataloader = dict(dataset=dict(ann_file=test_ann_file, pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = [
    dict(type="TinyCocoMetric", ann_file="data/sirst-v2/" + test_ann_file),
    dict(type="SIRSTMetric", ann_file="data/sirst-v2/" + test_ann_file),
]
test_evaluator = val_evaluator
