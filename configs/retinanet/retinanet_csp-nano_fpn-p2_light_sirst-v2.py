_base_ = [
    "../_base_/models/retinanet_csp-nano_fpn-p2.py",
    "../_base_/datasets/sirst-v2_detection.py",
    "../_base_/schedules/schedule_light.py",
    "../_base_/default_runtime.py",
]

# Anchors of 4 to 25 px, as the targets are; mean and deviation of the infrared images; a slim
# head, so that two CPU cores train it in a quarter of an hour.
model = dict(
    data_preprocessor=dict(mean=[111.89] * 3, std=[27.62] * 3),
    neck=dict(out_channels=48),
    bbox_head=dict(
        num_classes=1,
        in_channels=48,
        feat_channels=48,
        stacked_convs=1,
        anchor_generator=dict(octave_base_scale=1),
    ),
)
train_dataloader = dict(batch_size=16)
