# 14 epochs from scratch for a small model on a CPU: AdamW for a batch of 16 images, a short warmup,
# cosine decay, one evaluation at the end.
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=14, val_interval=14)
val_cfg = dict(type="ValLoop")
test_cfg = dict(type="TestLoop")

param_scheduler = [
    dict(type="LinearLR", start_factor=0.01, by_epoch=False, begin=0, end=60),
    dict(
        type="CosineAnnealingLR",
        begin=0,
        end=14,
        by_epoch=True,
        eta_min_ratio=0.02,
        convert_to_iter_based=True,
    ),
]
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="AdamW", lr=0.002, weight_decay=0.05),
    clip_grad=dict(max_norm=35, norm_type=2),
)
auto_scale_lr = dict(enable=False, base_batch_size=16)
