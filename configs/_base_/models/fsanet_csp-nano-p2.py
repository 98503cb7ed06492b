# FSANet's neck and head for a light RetinaNet's config: on strides 4, 8 and 16, with half the
# ranges of its own. A config that inherits both puts them in place and adds its classes.
norm_cfg = dict(type="GN", num_groups=16, requires_grad=True)
fsanet_neck = dict(
    _delete_=True,
    type="FSANetFPN",
    in_channels=[32, 64, 128],
    out_channels=48,
    norm_cfg=norm_cfg,
)
fsanet_head = dict(
    _delete_=True,
    type="FSANetHead",
    in_channels=48,
    feat_channels=48,
    stacked_convs=1,
    strides=[4, 8, 16],
    regress_ranges=((-1, 32), (32, 64), (64, 1e8)),
    norm_cfg=norm_cfg,
)
