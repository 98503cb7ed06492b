# SIRST-V2 for a CPU: letterboxed to 640 px, trained on train_full and measured on val_full.
# Training sees windows of 256 px; of images with targets, three in four have one in the window.
_base_ = "./sirst-v2_letterbox.py"

crop_size = (256, 256)
gray = 112
val_ann_file = "annotations/val_full.json"

load_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="RandomResize", scale=(640, 640), ratio_range=(0.8, 1.25), keep_ratio=True),
    dict(type="TargetCrop", crop_size=crop_size, prob=0.75),
]
pack_pipeline = [
    dict(type="RandomFlip", prob=0.75, direction=["horizontal", "vertical", "diagonal"]),
    dict(type="FilterAnnotations", min_gt_bbox_wh=(1, 1), keep_empty=False),
    dict(type="Pad", size=crop_size, pad_val=dict(img=gray)),
    dict(type="PackDetInputs"),
]
train_pipeline = [
    *load_pipeline,
    dict(type="CachedMosaic", img_scale=crop_size, pad_val=gray, prob=0.5),
    dict(type="RandomCrop", crop_size=crop_size, allow_negative_crop=True),
    *pack_pipeline,
]
last_pipeline = [*load_pipeline, *pack_pipeline]
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    dataset=dict(ann_file="annotations/train_full.json", pipeline=train_pipeline),
)
val_dataloader = dict(num_workers=1, dataset=dict(ann_file=val_ann_file))
test_dataloader = dict(num_workers=1, dataset=dict(ann_file=val_ann_file))

val_evaluator = [
    dict(type="TinyCocoMetric", ann_file="data/sirst-v2/" + val_ann_file),
    dict(type="SIRSTMetric", ann_file="data/sirst-v2/" + val_ann_file),
]
test_evaluator = val_evaluator
