# HIT-UAV at half size, enlarged to the 640 x 512 px of its camera. Training sees windows of 256 px.
_base_ = "./hit-uav_detection.py"

scale = (640, 512)
crop_size = (256, 256)
gray = 129

train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="RandomResize", scale=scale, ratio_range=(0.8, 1.25), keep_ratio=True),
    dict(type="RandomCrop", crop_size=crop_size, allow_negative_crop=True),
    dict(type="CachedMosaic", img_scale=crop_size, pad_val=gray, prob=0.5),
    dict(type="RandomCrop", crop_size=crop_size, allow_negative_crop=True),
    dict(type="HSVGain", hue=0, saturation=0, value=0.4),
    dict(type="RandomFlip", prob=0.5),
    dict(type="FilterAnnotations", min_gt_bbox_wh=(1, 1), keep_empty=False),
    dict(type="Pad", size=crop_size, pad_val=dict(img=gray)),
    dict(type="PackDetInputs"),
]
test_pipeline = [*_base_.test_pipeline]
test_pipeline[1] = dict(type="Resize", scale=scale, keep_ratio=True)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
