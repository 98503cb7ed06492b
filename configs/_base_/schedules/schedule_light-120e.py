# As schedule_light-long, with 120 epochs in mixed precision.
_base_ = "./schedule_light-long.py"

max_epochs = 120
optim_wrapper = dict(type="MixedPrecisionOptimWrapper")
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.01, by_epoch=False, begin=0, end=60),
    dict(
        type="CosineAnnealingLR",
        begin=0,
        end=max_epochs,
        by_epoch=True,
        eta_min_ratio=0.02,
        convert_to_iter_based=True,
    ),
]
