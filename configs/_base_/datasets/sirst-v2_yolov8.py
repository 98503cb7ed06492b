# SIRST-V2 as YOLOv8 trains: letterboxed to 640 px, its mosaic, affine map, colors and flip; trained
# on trainval_full and measured on test_full. YOLOv8's default rate of mixup is 0.
_base_ = "./sirst-v2_letterbox.py"

image_scale = (640, 640)
gray = 114

load_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="Resize", scale=image_scale, keep_ratio=True),
]
# A target of 2 px or less after scaling is left out, as in YOLOv8.
last_steps = [
    dict(type="CenteredAffine", size=image_scale, scale=0.5, translate=0.1, pad_val=gray),
    dict(type="HSVGain", hue=0.015, saturation=0.7, value=0.4),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackDetInputs"),
]
train_pipeline = [
    *load_pipeline,
    dict(
        type="CachedMosaic",
        img_scale=image_scale,
        pad_val=float(gray),
        max_cached_images=128,
        random_pop=False,
    ),
    *last_steps,
]
# The last epochs are without mosaic.
last_pipeline = [*load_pipeline, *last_steps]
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
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
