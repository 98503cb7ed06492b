# As schedule_light, with 24 epochs of a hundred and more iterations, evaluated every fourth: enough
# for the order of methods to settle, and a curve to see it by. Nothing is selected by it.
_base_ = "./schedule_light.py"

max_epochs = 24
optim_wrapper = dict(type="MixedPrecisionOptimWrapper")
train_cfg = dict(max_epochs=max_epochs, val_interval=4)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(
        type="CosineAnnealingLR",
        begin=0,
        end=max_epochs,
        by_epoch=True,
        eta_min_ratio=0.02,
        convert_to_iter_based=True,
    ),
]
