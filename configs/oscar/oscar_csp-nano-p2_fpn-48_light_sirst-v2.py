_base_ = [
    "../_base_/models/oscar_r18_fpn-p2.py",
    "../_base_/datasets/sirst-v2_noco.py",
    "../_base_/schedules/schedule_light.py",
    "../_base_/default_runtime.py",
]

# For a CPU: the backbone of the light RetinaNet, which ends at stride 16, and a slim head; crops at
# the scale of the sensor.
model = dict(
    data_preprocessor=dict(mean=[111.89] * 3, std=[27.62] * 3),
    backbone=dict(
        _delete_=True,
        type="CSPDarknet",
        arch_ovewrite=[
            [64, 128, 3, True, False],
            [128, 256, 9, True, False],
            [256, 512, 9, True, False],
        ],
        deepen_factor=0.33,
        widen_factor=0.25,
        out_indices=(1, 2, 3),
    ),
    neck=dict(in_channels=[32, 64, 128], out_channels=48, num_outs=3),
    bbox_head=dict(
        num_classes=1,
        in_channels=48,
        feat_channels=48,
        stacked_convs=1,
        norm_cfg=dict(type="GN", num_groups=16, requires_grad=True),
    ),
)
train_dataloader = dict(batch_size=16)
