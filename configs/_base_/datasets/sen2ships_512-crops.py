# sen2ships at twice the scale. Training sees windows of 256 px; of tiles with ships, three in four
# have one in the window.
_base_ = "./sen2ships_detection.py"

scale = (512, 512)
crop_size = (256, 256)
gray = 50

train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="RandomResize", scale=scale, ratio_range=(0.8, 1.25), keep_ratio=True),
    dict(type="TargetCrop", crop_size=crop_size, prob=0.75),
    dict(type="CachedMosaic", img_scale=crop_size, pad_val=gray, prob=0.5),
    dict(type="RandomCrop", crop_size=crop_size, allow_negative_crop=True),
    dict(type="HSVGain", hue=0.015, saturation=0.7, value=0.4),
    dict(type="RandomFlip", prob=0.75, direction=["horizontal", "vertical", "diagonal"]),
    dict(type="FilterAnnotations", min_gt_bbox_wh=(1, 1), keep_empty=False),
    dict(type="Pad", size=crop_size, pad_val=dict(img=gray)),
    dict(type="PackDetInputs"),
]
test_pipeline = [*_base_.test_pipeline]
test_pipeline[1] = dict(type="Resize", scale_factor=2.0)
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
