_base_ = [
    "../_base_/models/fcos_r50_fpn.py",
    "../_base_/datasets/sirst-v2_letterbox.py",
    "../_base_/schedules/schedule_3x.py",
    "../_base_/default_runtime.py",
]

model = dict(
    data_preprocessor=dict(mean=[111.89] * 3, std=[27.62] * 3),
    bbox_head=dict(num_classes=1),
)
# Without mosaic and mixup, which 36 epochs are too few for.
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=_base_.last_pipeline))
