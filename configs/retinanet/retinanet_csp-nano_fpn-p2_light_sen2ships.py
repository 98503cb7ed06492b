_base_ = [
    "../_base_/models/retinanet_csp-nano_fpn-p2.py",
    "../_base_/datasets/sen2ships_512-crops.py",
    "../_base_/schedules/schedule_light-12e.py",
    "../_base_/light_runtime.py",
]

# At twice the scale, where ships are 27 px: anchors of 12 to 76 px. Mean and deviation of the
# training images; a slim head, for a CPU.
model = dict(
    data_preprocessor=dict(mean=[48.22, 51.22, 46.21], std=[44.36, 37.61, 33.09]),
    neck=dict(out_channels=48),
    bbox_head=dict(
        num_classes=1,
        in_channels=48,
        feat_channels=48,
        stacked_convs=1,
        anchor_generator=dict(octave_base_scale=3),
    ),
)
train_dataloader = dict(batch_size=16)
default_hooks = dict(checkpoint=dict(interval=1, max_keep_ckpts=1))
