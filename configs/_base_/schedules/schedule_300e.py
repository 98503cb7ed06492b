# 300 epochs from scratch: SGD with the rate that MSLA-YOLOv8 states, for a batch of 16 images, a
# warmup of three epochs, cosine decay, one evaluation at the end.
max_epochs = 300
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=max_epochs, val_interval=max_epochs)
val_cfg = dict(type="ValLoop")
test_cfg = dict(type="TestLoop")

param_scheduler = [
    dict(type="LinearLR", start_factor=0.01, begin=0, end=3, convert_to_iter_based=True),
    dict(
        type="CosineAnnealingLR",
        begin=3,
        end=max_epochs,
        T_max=max_epochs - 3,
        eta_min_ratio=0.01,
        convert_to_iter_based=True,
    ),
]
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=0.01, momentum=0.937, nesterov=True, weight_decay=0.0005),
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0),
    clip_grad=dict(max_norm=35, norm_type=2),
)
auto_scale_lr = dict(enable=False, base_batch_size=16)
