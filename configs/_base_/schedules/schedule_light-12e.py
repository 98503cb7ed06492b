# As schedule_light-24e, with 12 epochs, evaluated every second.
_base_ = "./schedule_light-24e.py"

max_epochs = 12
train_cfg = dict(max_epochs=max_epochs, val_interval=2)
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
