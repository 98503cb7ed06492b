_base_ = ["./retinanet_csp-nano_fpn-p2_light_scenes.py", "../_base_/models/fsanet_csp-nano-p2.py"]

# A head of the size that the other rows have here.
model = dict(
    type="FCOS",
    neck={**_base_.fsanet_neck, "out_channels": 32},
    bbox_head={
        **_base_.fsanet_head,
        "num_classes": 4,
        "in_channels": 32,
        "feat_channels": 32,
        "stacked_convs": 2,
    },
)
