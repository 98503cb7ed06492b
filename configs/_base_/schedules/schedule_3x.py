# As schedule_1x, with 36 epochs: for small data sets.
_base_ = "./schedule_1x.py"

train_cfg = dict(max_epochs=36, val_interval=36)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type="MultiStepLR", begin=0, end=36, by_epoch=True, milestones=[24, 33], gamma=0.1),
]
