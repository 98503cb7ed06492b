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
meta_keys = ("img_id", "img_path", "ori_shape", "img_shape", "scale_factor")
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=scale, keep_ratio=True),
    dict(type="Pad", size=scale, pad_val=dict(img=gray)),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="PackDetInputs", meta_keys=meta_keys),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

# adla test --tta: four flips vote on each target.
flips = [
    dict(type="RandomFlip", prob=1.0, direction=direction)
    for direction in ("horizontal", "vertical", "diagonal")
]
views = [[step] for step in test_pipeline[1:]]
views.insert(1, [dict(type="RandomFlip", prob=0.0), *flips])
views[-1] = [{**test_pipeline[-1], "meta_keys": (*meta_keys, "flip", "flip_direction")}]
tta_pipeline = [test_pipeline[0], dict(type="TestTimeAug", transforms=views)]
tta_model = dict(
    type="VotingTTAModel",
    tta_cfg=dict(nms=dict(type="nms", iou_threshold=0.3), max_per_img=3000, voting_iou=0.3),
)
