# As sirst-v2_letterbox-crops, at twice the scale: a longer side of 1280 px.
_base_ = "./sirst-v2_letterbox-crops.py"

scale = (1280, 1280)
crop_size = (256, 256)
gray = 112

load_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="RandomResize", scale=scale, ratio_range=(0.8, 1.25), keep_ratio=True),
    dict(type="TargetCrop", crop_size=crop_size, prob=0.75),
]
pack_pipeline = _base_.pack_pipeline
train_pipeline = [
    *load_pipeline,
    dict(type="CachedMosaic", img_scale=crop_size, pad_val=gray, prob=0.5),
    dict(type="RandomCrop", crop_size=crop_size, allow_negative_crop=True),
    *pack_pipeline,
]
last_pipeline = [*load_pipeline, *pack_pipeline]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=scale, keep_ratio=True),
    dict(type="Pad", size=scale, pad_val=dict(img=gray)),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(
        type="PackDetInputs",
        meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor"),
    ),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
